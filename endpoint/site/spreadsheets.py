"""Cells of the spreadsheets that pages offer: text that comes from records, and is never calculated."""

# The signs of https://owasp.org/www-community/attacks/CSV_Injection, and those of older formulas and exchanges (DDE).
_FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA) else cell
