"""What an administrator decides about the policy: which file, and who must agree to a change.

Must never hold a rule: those are the policy's.
"""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vault.address import Address
from vault.errors import AddressError
from vault.typed import MailAddress


class PolicySettings(BaseModel):
    """Which policy file decides, and how a change of it comes into force."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path = Field(
        Path("/etc/sealgate/policy.yaml"),
        description="The policy file. Check it before you put it here: sealgate policy check FILE",
    )
    rosters: Path | None = Field(
        None,
        description="The folder of the rosters: marks of the names of your own people, made by "
        "`sealgate policy roster import FILE.csv`. Not set: `rosters`, beside the policy file.",
    )
    alarm_to: MailAddress = Field(
        "",
        description="Who is told by mail when a changed policy file cannot be used, or waits for "
        "approval. Empty: nobody; it is logged, and `sealgate doctor` says it.",
    )
    approval: bool = Field(
        False,
        description="Whether a change that may weaken protection needs a second person. Until "
        "then the policy before it stays in force: `sealgate policy status`.",
    )
    approvers: list[str] = Field(
        [],
        description="Who may approve: users of this node, who type their password. Write "
        '"jo@example.gov.uk=jbloggs" to name the account with which that person works on this '
        "machine: whoever saved the file is never the one who approves it.",
    )

    @property
    def rosters_folder(self) -> Path:
        """The folder of the rosters."""
        return self.rosters or self.file.parent / "rosters"

    @property
    def alarm_address(self) -> Address | None:
        """Who is told, None for nobody."""
        return Address.parse(self.alarm_to) if self.alarm_to else None

    @property
    def accounts(self) -> dict[str, str]:
        """The account of each approver on this machine, "" where none is named, by address."""
        entries = (entry.partition("=") for entry in self.approvers)
        return {Address.parse(address).folded(): account for address, _, account in entries}

    @field_validator("approvers")
    @classmethod
    def _are_addresses(cls, entries: list[str]) -> list[str]:
        try:
            for entry in entries:
                Address.parse(entry.partition("=")[0])
        except AddressError as error:
            raise ValueError(f"is not a mail address: {error}") from error
        return entries

    @model_validator(mode="after")
    def _somebody_may_approve(self) -> Self:
        if self.approval and not self.approvers:
            raise ValueError("approval needs approvers")
        return self
