"""The command line: what an administrator types.

Promises help within 0.3 s: a command's module is imported only when that command runs.
Must never do work itself; each command lives in `sealgate.commands`.
"""

import importlib

import click

COMMANDS = {
    "demo": "Start everything on this machine with sample mails to look at.",
    "serve": "Run the gateway, the deliverer and the reader site.",
    "keys": "Make, change and look after keys.",
    "user": "Manage the people who may send through the submission port.",
    "queue": "Look after what waits to be sent.",
    "package": "Keep sealed messages, destroy them, and prove that they were destroyed.",
    "incident": "Report about a message that went to the wrong person.",
    "audit": "Prove the audit trail, and hand it on.",
    "backup": "Copy everything into a folder while the node runs, and check the copy.",
    "restore": "Bring a backup back where there is nothing.",
    "move": "Move sealed content, or the database, elsewhere while the node runs.",
    "export": "Write sealed messages out of the vault, readable without Sealgate.",
    "import": "Bring an export in, from another installation.",
    "search": "Find which sealed messages have to do with a person.",
    "disclosure": "Have messages written out for somebody: one asks, another approves.",
    "migrate": "Bring the database up to date with this program.",
    "policy": "Check, test and explain policy files.",
    "doctor": "Look for what would stop mail, and say how to mend it.",
}
_MODULES = {"import": "importing"}  # a word of Python's own cannot name a module


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order an administrator meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None when there is no such word."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sealgate.commands.{_MODULES.get(cmd_name, cmd_name)}")
        command = module.command
        assert isinstance(command, click.Command)  # noqa: S101 - a slip of ours, not of the user's
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from `COMMANDS`, so that help imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sealgate", prog_name="sealgate")
def main() -> None:
    """Sealgate: outgoing mail refused, sealed or relayed, as your policy says."""


if __name__ == "__main__":
    main()
