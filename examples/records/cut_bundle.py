"""Cut a FHIR bundle to the resources Livedo reads: cut_bundle.py IN.json OUT.json.gz

Keeps whole entries of the kinds in KEPT, in their order and unchanged.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from pathlib import Path

KEPT = ("Patient", "Condition", "Observation", "Procedure", "MedicationRequest", "MedicationAdministration")


def main(source: Path, target: Path) -> None:
    bundle = json.loads(source.read_text())
    kinds = Counter(entry["resource"]["resourceType"] for entry in bundle["entry"])
    bundle["entry"] = [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] in KEPT]
    text = json.dumps(bundle, separators=(",", ":"), ensure_ascii=False)
    target.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    for kind, count in sorted(kinds.items()):
        print(f"{'kept' if kind in KEPT else 'left out':9} {count:6} {kind}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
