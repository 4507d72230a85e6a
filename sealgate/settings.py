"""Every setting of a node, read from one TOML file and the environment.

Promises that a wrong or unknown setting stops the start with a sentence that names the file, the
setting, what was found and what is allowed.
Must never print a secret: those are typed so that they cannot be.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from gateway.bounces.settings import BounceSettings
from gateway.notices.settings import NoticeSettings
from gateway.relay.dkim_settings import DkimSettings
from gateway.relay.settings import DnsSettings, NextHopSettings, RouteSettings
from gateway.relay.trying import DeliverySettings
from gateway.scanners.settings import ScannerSettings
from gateway.settings import SmtpSettings
from gateway.signin.settings import LdapSettings, OauthSettings
from policies.settings import LIST_NAME, OrganisationSettings
from sealgate.policy.settings import PolicySettings
from sealgate.trail.settings import AuditSettings
from vault.keys.settings import KeySettings
from vault.settings import VaultSettings
from webreader.settings import WebSettings

DEFAULT_PATH = Path("/etc/sealgate/sealgate.toml")


class SettingsError(Exception):
    """The settings cannot be used; the text says which and how to mend them."""


class LogSettings(BaseModel):
    """How much is said on standard error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important event that is still written."
    )


SectionName = Annotated[str, Field(max_length=60, pattern=LIST_NAME)]


class Settings(BaseSettings):
    """All sections of `sealgate.toml`; `SEALGATE_SECTION__NAME` in the environment overrides."""

    model_config = SettingsConfigDict(
        env_prefix="SEALGATE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    organisation: OrganisationSettings
    smtp: SmtpSettings
    next_hop: NextHopSettings
    routes: dict[SectionName, RouteSettings] = {}
    dns: DnsSettings = DnsSettings()
    dkim: dict[SectionName, DkimSettings] = {}
    scanners: dict[SectionName, ScannerSettings] = {}
    delivery: DeliverySettings = DeliverySettings()
    ldap: LdapSettings = LdapSettings()
    oauth: OauthSettings = OauthSettings()
    notices: NoticeSettings
    bounces: BounceSettings = BounceSettings()
    web: WebSettings
    vault: VaultSettings
    keys: KeySettings = KeySettings()
    policy: PolicySettings = PolicySettings()
    audit: AuditSettings = AuditSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _what_comes_back_can_come(self) -> Self:
        bounces = self.bounces
        if bounces.base is not None and not self.smtp.trusted:
            raise ValueError(
                "[bounces] address needs the trusted port of [smtp]: that is where mail comes back"
            )
        if bounces.mailbox is not None and bounces.mailbox == self.notices.sender_address:
            raise ValueError("[bounces] forward_to must not be the sender of notices")
        if bounces.mailbox is not None and not bounces.mailbox.within(self.organisation.domains):
            raise ValueError("[bounces] forward_to must be one of the organisation's mailboxes")
        return self

    @property
    def keys_folder(self) -> Path:
        """Where the key files lie: where they are said to, or in the vault's folder."""
        return self.keys.folder or self.vault.folder / "keys"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return env_settings, init_settings


def load(path: Path) -> Settings:
    """Read the settings file.

    Raises SettingsError with one line for each thing that is wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: there is no such file. Copy config/sealgate.toml there and edit it, "
            "or name another with --config."
        ) from None
    except PermissionError:
        raise SettingsError(
            f"{path}: cannot be read by this account. Run the command as the node's: "
            "sudo -u sealgate sealgate …"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({type(error).__name__}).") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from None
    try:
        return Settings(**content)
    except ValidationError as error:
        problems = dict.fromkeys(map(_tell, error.errors(include_url=False)))
        raise SettingsError("\n".join(f"{path}: {problem}" for problem in problems)) from None


# Where pydantic's words are about Python rather than about the file.
_WHOLE = "must be a whole number, without quotes"
_NUMBER = "must be a number, without quotes"
_YES_OR_NO = "must be true or false"
_SIZE = 'must be a number of bytes, or a size in quotes such as "50 MiB"'
_IN_OUR_WORDS = {
    "bool_parsing": _YES_OR_NO,
    "bool_type": _YES_OR_NO,
    "byte_size": _SIZE,
    "byte_size_unit": _SIZE,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "ip_v4_network": "must be a network such as 192.0.2.0/24, or an address",
    "ip_v6_network": "must be a network such as 192.0.2.0/24, or an address",
    "list_type": 'must be a list, written ["one", "two"]',
    "tuple_type": 'must be a list, written ["one", "two"]',
    "model_type": "is a section, written [name] on a line of its own",
    "path_type": "must be a path in quotes",
    "string_type": "must be in quotes",
    "string_pattern_mismatch": "has a character that it cannot have",
    "time_delta_parsing": "must be a number of seconds",
    "time_delta_type": "must be a number of seconds",
    "too_short": "must have at least one entry",
}


def _tell(problem: Any) -> str:
    """Put one of pydantic's findings into a sentence, without the value that was found."""
    steps = (str(step) for step in problem["loc"])
    place = ".".join(step for step in steps if step.isidentifier() or step.isdigit())
    if problem["type"] == "extra_forbidden":
        return f"'{place}' is not a setting.{_nearest(problem['loc'])}"
    if problem["type"] == "missing":
        return f"'{place}' is missing."
    found = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"'{place}': {_IN_OUR_WORDS.get(problem['type'], found)}."


def _nearest(place: tuple[int | str, ...]) -> str:
    """Suggest the nearest right word for an unknown setting."""
    model: Any = Settings
    for step in place[:-1]:
        # A section that has names below it, such as [routes.NAME], is described by its values.
        of_names = not hasattr(model, "model_fields")
        model = get_args(model)[1] if of_names else model.model_fields[str(step)].annotation
        if not (hasattr(model, "model_fields") or get_args(model)):
            return ""
    if not hasattr(model, "model_fields"):
        return ""
    near = difflib.get_close_matches(str(place[-1]), model.model_fields, n=1)
    allowed = ", ".join(model.model_fields)
    return f" Did you mean '{near[0]}'?" if near else f" Allowed: {allowed}."
