"""All stages in one JSON file and one Markdown table."""

import json
from typing import Any

from stage import OUT

ORDER = ("about", "pictures", "model", "decoding", "folders", "peers", "finetuning", "loss", "scaling", "train")


def main() -> None:
    paths = {stage: OUT / "stages" / f"{stage}.json" for stage in ORDER}
    known = {stage: json.loads(path.read_text()) for stage, path in paths.items() if path.exists()}
    (OUT / "gpu.json").write_text(json.dumps(known, indent=1) + "\n")
    lines = ["| stage | what | figures |", "|---|---|---|"]
    for stage, figures in known.items():
        lines += [f"| {stage} | {what} | {_cell(value)} |" for what, value in figures.items() if what != "small"]
    (OUT / "gpu.md").write_text("\n".join(lines) + "\n")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_cell(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return " ".join(str(value).replace("|", "/").split())[:300]


if __name__ == "__main__":
    main()
