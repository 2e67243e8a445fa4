"""The error tree of the whole application.

ClearingHouseError
├── IdentifierError        a text is not the identifier it should be
├── SourceError            input that cannot be read as records: broken JSON, too deep, too large
│   └── DoorError          a document that carries no usable identity or schema
├── DocumentError          a file to be tagged whose text cannot be read
│   └── DocumentTooLarge   it has more bytes, pages or characters than are read
├── TaggingError           a corpus, folds or a saved tagger that cannot be used
├── MappingError           a context or a mapping that contradicts itself
├── ShapeError             a shapes graph that cannot be used
│   └── EngineMismatch     the compiled checker and the reference engine disagree
├── LedgerError            the ledger refuses or is damaged
├── EditingError           a change of the thesaurus that cannot be made, found or decided on
├── AccountError           the accounts or the sign-in provider are not set up as they should be
├── AccessError            somebody asks for what their role, or a form that is not theirs, does not allow
│   └── SignInNeeded       nobody in particular asks for what needs an account
├── StoreError             the graph store or a generation is missing or damaged
│   └── StoreBusy          another process is writing
└── QueryError             a query that cannot be answered
    ├── QuerySyntaxError   it does not parse
    ├── QueryRefused       it asks for something this endpoint does not do
    ├── QueryTimeout       it ran into the time limit
    ├── QueryTooLarge      it ran into the memory, row or byte limit
    ├── WorkersBusy        every worker is taken and the queue is full
    └── TooManyRequests    a client asks more often than it may
"""


class ClearingHouseError(Exception):
    """Root of every error this application raises on purpose."""


class IdentifierError(ClearingHouseError, ValueError):
    """A text is not the identifier it should be."""


class SourceError(ClearingHouseError):
    """Input that cannot be read as records."""


class DoorError(SourceError):
    """A document that carries no usable identity or schema."""


class DocumentError(ClearingHouseError):
    """A file to be tagged whose text cannot be read."""


class DocumentTooLarge(DocumentError):
    """A file to be tagged that has more bytes, pages or characters than are read."""


class TaggingError(ClearingHouseError):
    """A corpus of tagged texts, its folds or a saved tagger that cannot be used."""


class MappingError(ClearingHouseError):
    """A context or a mapping that contradicts itself."""


class ShapeError(ClearingHouseError):
    """A shapes graph that cannot be used."""


class EngineMismatch(ShapeError):
    """The compiled checker and the reference engine disagree about a record."""


class LedgerError(ClearingHouseError):
    """The ledger refuses an entry or is damaged."""


class AccountError(ClearingHouseError):
    """The accounts or the sign-in provider are not set up as they should be."""


class AccessError(ClearingHouseError):
    """Somebody asks for what their role, or a form that is not theirs, does not allow."""


class SignInNeeded(AccessError):
    """Nobody in particular asks for what needs an account."""


class EditingError(ClearingHouseError):
    """A change of the thesaurus that cannot be made, found or decided on."""


class StoreError(ClearingHouseError):
    """The graph store or a generation is missing or damaged."""


class StoreBusy(StoreError):
    """Another process is writing the graph store."""


class QueryError(ClearingHouseError):
    """A query that cannot be answered."""


class QuerySyntaxError(QueryError):
    """A query that does not parse."""


class QueryRefused(QueryError):
    """A query that asks for something this endpoint does not do."""


class QueryTimeout(QueryError):
    """A query that ran into the time limit."""


class QueryTooLarge(QueryError):
    """A query that ran into the memory, row or byte limit."""


class WorkersBusy(QueryError):
    """Every worker is taken and the queue is full."""


class TooManyRequests(QueryError):
    """A client asks more often than it may; `wait` is how many seconds it should wait."""

    def __init__(self, wait: float, rate: float) -> None:
        super().__init__(f"one client may ask {rate:g} times a second; try again in {wait:.1f} seconds")
        self.wait = wait
