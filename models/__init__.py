"""Rules and tables, a folder a subject. Importing any of it makes every table known, so that the metadata is
whole for whoever reads it (migrations, the export, erasure)."""

from importlib import import_module
from pathlib import Path

for _tables in sorted(Path(__file__).parent.glob("*/tables.py")):
    import_module(f"models.{_tables.parent.name}.tables")
