"""Draws the way of an event on AWS: docs/images/pipeline.svg, the picture of the README.

    python3 docs/images/pipeline.py            writes the picture
    python3 docs/images/pipeline.py --check    fails if the file differs

Needs only Python's standard library. Colors follow the reader's light or dark mode.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

TARGET = Path(__file__).with_suffix(".svg")
TITLE = "The way of an event on AWS"
DESCRIPTION = (
    "Producers send events to Kinesis. A Lambda function, the transform, writes them to four "
    "zones of a lake in S3: raw, quarantine, processed and the ledger. A Step Functions state "
    "machine plans, compacts, checks, builds marts, balances the event book and publishes each "
    "date to the curated zone and to Glue. Athena, an optional Redshift and an HTTP API read "
    "published dates. SNS sends alerts."
)
WIDTH, HEIGHT = 960, 474
STYLE = """
    text { font: 13px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
    .name { font-weight: 600 }
    .detail { font-size: 11.5px; fill: #59636e }
    .group { fill: none; stroke: #afb8c1; stroke-dasharray: 4 4 }
    .box { fill: #ffffff; stroke: #57606a }
    .stream { fill: #ddf4ff; stroke: #0969da }
    .code { fill: #fff1e5; stroke: #bc4c00 }
    .store { fill: #dafbe1; stroke: #1a7f37 }
    .arrow { fill: none; stroke: #57606a; stroke-width: 1.5 }
    .tip { fill: #57606a }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .detail { fill: #9198a1 }
      .group { stroke: #3d444d }
      .box { fill: #151b23; stroke: #9198a1 }
      .stream { fill: #0c2d6b; stroke: #4493f8 }
      .code { fill: #3d1300; stroke: #db6d28 }
      .store { fill: #033a16; stroke: #3fb950 }
      .arrow { stroke: #9198a1 }
      .tip { fill: #9198a1 }
    }
"""


@dataclass(frozen=True)
class Box:
    """A rounded rectangle with a name and a detail below it. Sizes are in pixels."""

    x: int
    y: int
    width: int
    name: str
    detail: str
    kind: str
    height: int = 52

    @property
    def left(self) -> tuple[int, int]:
        return self.x, self.y + self.height // 2

    @property
    def right(self) -> tuple[int, int]:
        return self.x + self.width, self.y + self.height // 2

    @property
    def top(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y

    @property
    def bottom(self) -> tuple[int, int]:
        return self.x + self.width // 2, self.y + self.height

    def svg(self) -> list[str]:
        middle, center = self.x + self.width // 2, self.y + self.height // 2
        return [
            f'<rect class="{self.kind}" x="{self.x}" y="{self.y}" width="{self.width}" '
            f'height="{self.height}" rx="6"/>',
            text(middle, center - 4, self.name, "name"),
            text(middle, center + 14, self.detail, "detail"),
        ]


def text(x: int, y: int, words: str, kind: str, anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


def group(x: int, y: int, width: int, height: int, name: str) -> list[str]:
    """Returns a dashed frame with its name inside of the upper left corner."""
    return [
        f'<rect class="group" x="{x}" y="{y}" width="{width}" height="{height}" rx="10"/>',
        text(x + 14, y + 21, name, "detail", "start"),
    ]


def arrow(*points: tuple[int, int]) -> str:
    """Returns a line through the points with a tip at its end."""
    (x, y), rest = points[0], points[1:]
    line = f"M{x} {y}" + "".join(f"L{x} {y}" for x, y in rest)
    return f'<path class="arrow" d="{line}" marker-end="url(#tip)"/>'


def row(y: int, kind: str, boxes: list[tuple[int, int, str, str]]) -> list[Box]:
    return [Box(x, y, width, name, detail, kind) for x, width, name, detail in boxes]


def picture() -> str:
    """Returns the text of the picture."""
    producer = Box(16, 84, 170, "Producers", "number, aggregate, zstd", "box")
    stream = Box(226, 84, 150, "Kinesis", "at least once", "stream")
    transform = Box(416, 84, 190, "Lambda: transform", "parse, validate, enrich", "code")
    zones = row(48, "store", [
        (660, 130, "raw/", "every unit, verbatim"),
        (804, 130, "quarantine/", "rejected, with reason"),
    ]) + row(116, "store", [
        (660, 130, "processed/", "typed, enriched"),
        (804, 130, "ledger/", "the receipt, last"),
    ])
    steps = row(246, "code", [
        (30, 116, "plan", "which dates?"),
        (176, 138, "compact", "deduplicate, sort"),
        (344, 116, "check", "SQL in files"),
        (490, 116, "marts", "SQL in files"),
        (636, 138, "event book", "must balance"),
        (804, 130, "publish", "one object"),
    ])
    curated = Box(660, 370, 274, "curated/ and Glue", "each event exactly once, complete dates", "store")
    alerts = Box(16, 370, 130, "SNS", "alert, runbook link", "box")
    readers = row(370, "box", [
        (176, 138, "API Gateway", "recommendations"),
        (344, 116, "Redshift", "optional"),
        (490, 116, "Athena", "saved queries"),
    ])

    parts = [
        *group(640, 16, 308, 164, "S3, the lake: Parquet, by arrival"),
        *group(16, 214, 932, 98, "Step Functions and Lambda, once a day or hourly"),
    ]
    for box in [producer, stream, transform, *zones, *steps, curated, alerts, *readers]:
        parts += box.svg()
    parts += [
        arrow(producer.right, stream.left),
        arrow(stream.right, transform.left),
        arrow(transform.right, (640, transform.right[1])),
        arrow((725, 180), (725, 197), (88, 197), (88, 214)),
        *(arrow(before.right, after.left) for before, after in zip(steps, steps[1:])),
        arrow(steps[-1].bottom, (steps[-1].bottom[0], curated.y)),
        arrow(curated.left, readers[2].right),
        arrow((632, curated.left[1]), (632, 446), (402, 446), readers[1].bottom),
        arrow((632, 446), (245, 446), readers[0].bottom),
        arrow((81, 312), alerts.top),
    ]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(TITLE)}</title>',
        f'<desc id="description">{escape(DESCRIPTION)}</desc>',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    if arguments == ["--check"]:
        if not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != picture():
            sys.exit(f"{TARGET.name} differs; run python3 docs/images/pipeline.py")
    elif arguments:
        sys.exit(__doc__)
    else:
        TARGET.write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
