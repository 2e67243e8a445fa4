"""Commands for the accounts: who may edit and approve, and their API keys."""

from typing import Annotated

import typer

from endpoint.accounts import FILE, Role, digest, new_key, store, stored
from endpoint.settings import KeyAccount, Settings
from ontology.errors import AccountError

app = typer.Typer(no_args_is_help=True, help="Who may edit and approve: accounts with API keys.")

Name = Annotated[str, typer.Argument(help="who it is: change sets carry this name for good")]
RoleName = Annotated[str, typer.Option("--role", help="reader, editor or approver")]


@app.command("add")
def add(name: Name, role: RoleName = "editor") -> None:
    """Make an account and print its API key, once: only a digest of it is kept."""
    _put(name, Role.named(role), is_new=True)


@app.command("renew")
def renew(name: Name) -> None:
    """Give an account another API key and print it; the old one and all sessions it opened end."""
    _put(name, None, is_new=False)


@app.command("remove")
def remove(name: Name) -> None:
    """Remove an account; its key and the sessions it opened end. What it did keeps its name."""
    path = Settings().data_dir / FILE
    accounts = stored(path)
    if accounts.pop(name, None) is None:
        raise AccountError(f"there is no account {name!r} in {path}")
    store(path, accounts)


@app.command("list")
def listed() -> None:
    """The accounts with their roles."""
    for name, account in sorted(stored(Settings().data_dir / FILE).items()):
        typer.echo(f"{name}\t{account.role}")


def _put(name: str, role: Role | None, *, is_new: bool) -> None:
    path, key = Settings().data_dir / FILE, new_key()
    accounts, name = stored(path), name.strip()
    if not name or not name.isprintable() or len(name) > 200:
        raise AccountError(f"{name!r} is not a name: expected up to 200 letters and signs on one line")
    if is_new == (name in accounts):
        raise AccountError(f"there is {'already an' if is_new else 'no'} account {name!r} in {path}")
    title = role.title if role else accounts[name].role
    store(path, accounts | {name: KeyAccount.model_validate({"role": title, "key_sha256": digest(key)})})
    typer.echo(key)
