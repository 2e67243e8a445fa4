"""What an operator may set: read once from the environment, then handed from the command line to every part."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Severity = Literal["Info", "Warning", "Violation"]

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


class Partner(BaseModel):
    """Another SPARQL endpoint that queries may call with SERVICE, and how far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    description: str = ""
    timeout: float = Field(default=5.0, gt=0, description="seconds for one call, less than the time of a query")
    max_bytes: int = Field(default=16 * MIB, ge=1, description="bytes of one answer")
    max_calls: int = Field(default=20, ge=1, description="calls that one query may make")
    failures: int = Field(default=5, ge=1, description="failures in a row before it is left alone")
    pause: float = Field(default=60.0, gt=0, description="seconds that it is then left alone")

    @field_validator("url")
    @classmethod
    def _url_can_be_called(cls, value: str) -> str:
        parts = urlsplit(value)
        is_http = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        if not is_http or "@" in parts.netloc or "#" in value:
            raise ValueError(f"{value!r} must be an http or https URL without user name and fragment")
        if any(character <= " " or character in '<>"{}|\\^`' for character in value):
            raise ValueError(f"{value!r} contains characters that no IRI may contain")
        return value


RoleName = Literal["reader", "editor", "approver"]


class KeyAccount(BaseModel):
    """Somebody who signs in with an API key; only the SHA-256 of the key is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: RoleName
    key_sha256: str = Field(pattern=r"^[0-9A-Fa-f]{64}$")


PartnerName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class Settings(BaseSettings):
    """Every setting, its unit and its default.

    A field is read from `CLEARINGHOUSE_` plus its name in capitals; `DATA_DIR` and `PORT` work without the prefix too.
    A set is written as a JSON array: `CLEARINGHOUSE_REFUSE_SUBMITTED='["Violation"]'`.
    """

    model_config = SettingsConfigDict(env_prefix="CLEARINGHOUSE_", frozen=True, populate_by_name=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), validation_alias=AliasChoices("CLEARINGHOUSE_DATA_DIR", "DATA_DIR"))
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, validation_alias=AliasChoices("CLEARINGHOUSE_PORT", "PORT"))
    base_iri: str = "https://w3id.org/clearinghouse/"
    store: SecretStr | None = Field(default=None, description="a remote SPARQL store: sparql+http://user:password@…")

    workers: int = Field(
        default=4, ge=1, description="query processes of the fast lane; each answers one query at a time"
    )
    fast_timeout: float = Field(default=0.5, gt=0, description="seconds after which a query goes on in the slow lane")
    slow_workers: int = Field(default=1, ge=1, description="queries at a time in the slow lane")
    slow_queue_length: int = Field(default=8, ge=0, description="queries that may wait for the slow lane")
    query_timeout: float = Field(default=10.0, gt=0, description="seconds one query may take, waiting included")
    delivery_timeout: float = Field(default=120.0, gt=0, description="seconds a client may take to receive one answer")
    queue_length: int = Field(default=64, ge=0, description="queries that may wait for a worker of the fast lane")
    max_streams: int = Field(default=8, ge=0, description="answers being read that take no worker from the fast lane")
    worker_memory: int = Field(default=3 * GIB, ge=2 * GIB, description="bytes of address space of one worker")
    read_timeout: float = Field(default=30.0, gt=0, description="seconds a client may take to send one request")
    idle_timeout: float = Field(default=75.0, gt=0, description="seconds a connection may be silent between requests")
    max_query_bytes: int = Field(default=64 * KIB, ge=1, description="bytes of one query in UTF-8")
    max_result_bytes: int = Field(default=256 * MIB, ge=1, description="bytes of one serialised answer")
    max_result_rows: int = Field(default=1_000_000, ge=1, description="rows of one SELECT answer")
    cache_bytes: int = Field(default=64 * MIB, ge=0, description="bytes of answers kept to be given again")
    rate_limit: float = Field(default=0.0, ge=0, description="requests a second of one client, 0 for no limit")
    rate_burst: int = Field(default=100, ge=1, description="requests of one client at once, before the limit counts")

    dataset_title: str = Field(default="Clearing-House Graph", min_length=1, description="its name, in English")
    dataset_description: str = Field(
        default="The records of the clearing-houses of the Convention on Biological Diversity, the Cartagena Protocol "
        "and the Nagoya Protocol as linked data, with the ontology and the thesaurus that they use.",
        min_length=1,
    )
    dataset_license: str | None = Field(default=None, pattern=r"^https?://[^\s<>\"{}|\\^`]+$", description="its IRI")

    partners: dict[PartnerName, Partner] = Field(default={}, description="the servers that SERVICE may call, by name")

    accounts: dict[str, KeyAccount] = Field(default={}, description="who may edit, by name; more in accounts.json")
    approve_own: bool = Field(default=False, description="an author may approve a change set of their own")
    session_seconds: int = Field(default=8 * 3600, ge=60, description="seconds after which one has to sign in again")
    oidc_issuer: str | None = Field(default=None, description="sign-in by OpenID Connect: the issuer's URL")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_scope: str = "openid profile email"
    oidc_role_claim: str = Field(default="roles", description="the claim with the roles; dots lead into objects")
    oidc_roles: dict[str, RoleName] = Field(default={}, description="what a value of that claim may do")

    tagging_timeout: float = Field(default=30.0, gt=0, description="seconds one text or document may take to be tagged")
    tagging_memory: int = Field(default=3 * GIB, ge=1 * GIB, description="bytes of address space for tagging")
    tagging_decisions: int = Field(default=20, ge=1, description="decisions on keywords to be learned from")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    log_requests: bool = Field(default=True, description="a line in the log for each request")
    log_client_address: bool = Field(default=False, description="with the address of the client")

    refuse_harvested: frozenset[Severity] = frozenset({"Violation"})
    refuse_submitted: frozenset[Severity] = frozenset({"Violation", "Warning"})
    publish_personal_contacts: bool = False

    @field_validator("store")
    @classmethod
    def _store_is_a_sparql_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("sparql+http://", "sparql+https://")):
            raise ValueError("the store must start with sparql+http:// or sparql+https://")
        return value or None

    @field_validator("base_iri")
    @classmethod
    def _base_ends_with_a_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or not value.endswith("/"):
            raise ValueError(f"the base IRI {value!r} must start with http:// or https:// and end with a slash")
        return value

    @field_validator("partners")
    @classmethod
    def _partners_have_urls_of_their_own(cls, value: dict[str, Partner]) -> dict[str, Partner]:
        if len({partner.url for partner in value.values()}) < len(value):
            raise ValueError("two partners have the same URL")
        return value

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a process beside this one, which is to work on the same data; with `more` in it."""
        told = {"DATA_DIR": str(self.data_dir), "BASE_IRI": self.base_iri}
        if self.store:
            told["STORE"] = self.store.get_secret_value()
        return {**os.environ, **{f"CLEARINGHOUSE_{name}": value for name, value in told.items()}, **more}

    @property
    def generations_dir(self) -> Path:
        """The directory of the graph generations."""
        return self.data_dir / "generations"
