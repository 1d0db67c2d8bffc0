"""The standard library's json with pyarrow."""

import json

from peer import run
from row_by_row import preparation

if __name__ == "__main__":
    run("json+pyarrow", preparation(json.loads))
