"""What is wrong with the training pictures: found and told, never changed unasked."""

from pigeonhole.check.findings import Finding, Kind
from pigeonhole.check.run import Checked, check

__all__ = ["Checked", "Finding", "Kind", "check"]
