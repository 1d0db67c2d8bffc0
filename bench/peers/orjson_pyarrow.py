"""orjson with pyarrow."""

import orjson

from peer import run
from row_by_row import preparation

if __name__ == "__main__":
    run("orjson+pyarrow", preparation(orjson.loads))
