"""`sealgate policy test`: the golden cases of a policy."""

import sys
from pathlib import Path

import click

from policies.trials import case_files, case_report
from policies.trials.cases import run_cases
from sealgate.commands.policy import files


@click.command(short_help="Run the golden cases that stand beside a policy.")
@click.argument("file", required=False)
@click.option(
    "--cases",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The folder of cases; otherwise NAME.cases beside NAME.yaml.",
)
@click.option("--only", default="", help="Only cases whose name contains this.")
@click.option("--all", "every", is_flag=True, help="Name the cases that passed as well.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@files.settings_option
def test(
    file: str | None,
    folder: Path | None,
    only: str,
    every: bool,
    as_json: bool,
    config: Path | None,
) -> None:
    """Run the golden cases of FILE: mails, and what the policy must decide about them.

    FILE is a policy file or the name of a starter, such as council; without it, the policy of
    this installation. Ends with 1 if a case does not come out as expected.
    """
    chosen = files.installed(config)
    path = files.find(file) if file else files.file_in_force(chosen)
    policy = files.load(path)
    cases = files.or_end(lambda: case_files.read_cases(folder or case_files.folder_of(path)))
    wanted = [placed for placed in cases if only.casefold() in placed.case.name.casefold()]
    if not wanted:
        raise click.UsageError("No case has such a name.")
    domains = tuple(chosen.organisation.domains) if chosen else ()
    if not domains and not all(placed.domains for placed in wanted):
        raise click.UsageError("Some cases do not say which domains are ours: write 'domains:'.")
    results = list(run_cases(policy, wanted, domains))
    if as_json:
        click.echo(case_report.to_json(policy.name, policy.digest, results))
    else:
        click.echo(case_report.text(policy.name, results, every=every), nl=False)
    sys.exit(0 if all(result.passed for result in results) else 1)
