"""What goes with the files of a dump: a manifest and checksums for programs, DCAT and VoID for catalogues."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from endpoint.localisation import N_
from ontology.errors import StoreError

MANIFEST, CHECKSUMS, DESCRIPTION = "manifest.json", "SHA256SUMS", "description.ttl"
MEDIA_TYPES = {"nq": "application/n-quads", "trig": "application/trig", "jelly": "application/x-jelly-rdf"}
COMPRESSED = {"gz": "application/gzip", "zst": "application/zstd"}
TITLES = {
    "all": N_("Everything: the records of all clearing-houses, the ontology and the thesaurus"),
    "absch": N_("The records of the Access and Benefit-sharing Clearing-House"),
    "bch": N_("The records of the Biosafety Clearing-House"),
    "chm": N_("The records of the Clearing-House Mechanism"),
    "vocabulary": N_("The ontology and the thesaurus"),
}
HOUSES = {"absch": "ABSCH", "bch": "BCH", "chm": "CHM"}


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class File(_Described):
    """A file of a dump. `house` is None for a part that is not of one clearing-house; `size` is in bytes."""

    name: str
    part: str
    house: str | None
    media_type: str
    compression: str
    statements: int
    size: int = Field(alias="bytes")
    sha256: str

    @classmethod
    def of(cls, path: Path, counts: Mapping[str, int]) -> Self:
        """What there is to say of a finished file, which is brought to the disk."""
        part, syntax, compression = path.name.split(".")
        return cls(
            name=path.name,
            part=part,
            house=HOUSES.get(part),
            media_type=MEDIA_TYPES[syntax],
            compression=COMPRESSED[compression],
            statements=counts[part],
            bytes=path.stat().st_size,
            sha256=sha256(path),
        )


class Manifest(_Described):
    """What a dump consists of; `as_of` is when the newest event in it came into the ledger."""

    generation: str
    as_of: str
    base: str
    statements: int
    files: list[File]

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The manifest of a finished dump. StoreError if it is missing or damaged."""
        try:
            return cls.model_validate_json((directory / MANIFEST).read_bytes())
        except (OSError, ValidationError) as error:
            raise StoreError(f"the dump {directory.name} has no readable manifest") from error

    def as_json(self) -> dict[str, Any]:
        """The manifest with the names that the file has."""
        return self.model_dump(by_alias=True)


def complete(directory: Path, generation: str, as_of: str, base_iri: str, counts: Mapping[str, int]) -> None:
    """Add manifest, description and checksums to the files in a directory."""
    files = [File.of(path, counts) for path in sorted(directory.iterdir())]
    manifest = Manifest(generation=generation, as_of=as_of, base=base_iri, statements=counts["all"], files=files)
    (directory / MANIFEST).write_text(manifest.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
    (directory / DESCRIPTION).write_text("".join(_description(manifest, counts)), encoding="utf-8")
    digests = {file.name: file.sha256 for file in files} | {
        name: sha256(directory / name) for name in (MANIFEST, DESCRIPTION)
    }
    (directory / CHECKSUMS).write_text(
        "".join(f"{digest}  {name}\n" for name, digest in digests.items()), encoding="ascii"
    )
    sha256(directory / CHECKSUMS)


def checksums(directory: Path) -> dict[str, str]:
    """SHA-256, in hexadecimal, by file name, of a finished dump; of the list of checksums itself too."""
    data = (directory / CHECKSUMS).read_bytes()
    listed = (line.split("  ") for line in data.decode("ascii").splitlines())
    return {name: digest for digest, name in listed} | {CHECKSUMS: hashlib.sha256(data).hexdigest()}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal; the file is on the disk after that."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def dataset_iri(base_iri: str, part: str) -> str:
    """The IRI of the dataset that a part of a dump is a state of."""
    return f"{base_iri}id/dataset" if part == "all" else f"{base_iri}id/dataset/{part}"


_PREFIXES = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix void: <http://rdfs.org/ns/void#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
_IANA = "http://www.iana.org/assignments/media-types/"
_JELLY = "https://w3id.org/jelly"


def _description(manifest: Manifest, counts: Mapping[str, int]) -> Iterator[str]:
    """DCAT 3 and VoID in Turtle. The addresses of the files are relative, so they hold wherever the dump is served."""
    yield _PREFIXES
    parts = [part for part in counts if part != "all"]
    for part, statements in counts.items():
        names = [file.name for file in manifest.files if file.part == part]
        lines = [
            "a dcat:Dataset, void:Dataset",
            f'dcterms:title "{TITLES[part]}"@en',
            f'dcterms:modified "{manifest.as_of}"^^xsd:dateTime',
            f'dcat:version "{manifest.generation}"',
            f"void:triples {statements}",
            "void:dataDump " + ", ".join(f"<{name}>" for name in names),
            "dcat:distribution " + ", ".join(f"<#{name}>" for name in names),
        ]
        if part == "all":
            lines.append("void:subset " + ", ".join(f"<{dataset_iri(manifest.base, one)}>" for one in parts))
        yield f"\n<{dataset_iri(manifest.base, part)}> " + " ;\n  ".join(lines) + " .\n"
    yield from map(_distribution, manifest.files)


def _distribution(file: File) -> str:
    # Jelly has no registered media type, so what it is follows from the specification that it conforms to.
    jelly = file.media_type == MEDIA_TYPES["jelly"]
    syntax = f"dcterms:conformsTo <{_JELLY}>" if jelly else f"dcat:mediaType <{_IANA}{file.media_type}>"
    return f"""
<#{file.name}> a dcat:Distribution ;
  dcat:downloadURL <{file.name}> ;
  {syntax} ;
  dcat:compressFormat <{_IANA}{file.compression}> ;
  dcat:byteSize "{file.size}"^^xsd:nonNegativeInteger ;
  spdx:checksum [ a spdx:Checksum ; spdx:algorithm spdx:checksumAlgorithm_sha256 ;
    spdx:checksumValue "{file.sha256}"^^xsd:hexBinary ] .
"""
