"""The reference page of the audit trail, from the acts there are and from what this text says.

Promises that every act stands in it. Must never be needed at run time.
"""

from pathlib import Path
from string import Template

from sealgate.trail import formats as audit_formats
from sealgate.trail.settings import AuditSettings
from vault.trail import heads
from vault.trail.audit import DETAIL_LIMIT
from vault.trail.meanings import GRAMMAR, MEANINGS


def page() -> str:
    """Give the text of `docs/reference/audit.md`."""
    template = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    seconds = AuditSettings().head_every.total_seconds()
    return Template(template).substitute(
        acts="\n".join(f"| `{act.value}` | {told} |" for act, told in MEANINGS.items()),
        grammar=GRAMMAR.pattern.replace("|", "\\|"),
        detail=DETAIL_LIMIT,
        every=f"{seconds:g}",
        head_format=heads.FORMAT,
        head_kind=heads.KIND,
        export_format=audit_formats.FORMAT,
        days=heads.SIGN_OF_LIFE.days,
    )
