"""What an operator may set: read once from the environment, then handed from the command line to every part."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Severity = Literal["Info", "Warning", "Violation"]

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


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

    workers: int = Field(default=2, ge=1, description="query processes; each answers one query at a time")
    query_timeout: float = Field(default=10.0, gt=0, description="seconds of wall-clock time one query may take")
    delivery_timeout: float = Field(default=120.0, gt=0, description="seconds a client may take to receive one answer")
    queue_length: int = Field(default=16, ge=0, description="queries that may wait for a worker")
    worker_memory: int = Field(default=3 * GIB, ge=2 * GIB, description="bytes of address space of one worker")
    max_query_bytes: int = Field(default=64 * KIB, ge=1, description="bytes of one query in UTF-8")
    max_result_bytes: int = Field(default=256 * MIB, ge=1, description="bytes of one serialised answer")

    refuse_harvested: frozenset[Severity] = frozenset({"Violation"})
    refuse_submitted: frozenset[Severity] = frozenset({"Violation", "Warning"})
    publish_personal_contacts: bool = False

    @field_validator("base_iri")
    @classmethod
    def _base_ends_with_a_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or not value.endswith("/"):
            raise ValueError(f"the base IRI {value!r} must start with http:// or https:// and end with a slash")
        return value

    @property
    def generations_dir(self) -> Path:
        """The directory of the graph generations."""
        return self.data_dir / "generations"
