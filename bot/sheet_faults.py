"""Says what is wrong with an import file: where it is, what it is, what to do about it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """What is wrong and where: a row of the sheet, a column, a key and the facts of its sentence.

    *line* is None where the whole file is meant. Facts never hold a tax code, which may be a
    citizen's number.
    """

    line: int | None
    column: str | None
    key: str
    facts: dict[str, str | int] = field(default_factory=dict)


class Unreadable(Exception):
    """The file as a whole cannot be taken, so that its rows are not worth reading."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults[0].key)
        self.faults = faults


def refuse(key: str, line: int | None = None, **facts: str | int) -> Unreadable:
    """Return the refusal of the whole file for one reason, to be raised."""
    return Unreadable(Fault(line, None, key, facts))


def shown(value: str) -> str:
    """Return what stands in a cell, cut to 40 letters, to be repeated in a fault."""
    return value if len(value) <= 40 else f"{value[:39]}…"


_SAVE_AS = 'In Excel: File, Save As, "CSV UTF-8", or save as .xlsx.'
_SENTENCES = {
    "import-missing-column": "this column is missing. The columns are: {columns}.",
    "import-unknown-column": "this column is unknown. Rename or delete it; the columns are: "
    "{columns}.",
    "import-repeated-column": "this column stands there twice. Delete one of them.",
    "import-empty": "there are no rows. Put the column names in the first row and one row for "
    "each entry beneath; --template prints an example.",
    "import-missing-value": "this must not be empty. Fill it in.",
    "import-too-many-cells": "there are more cells than columns. Put quotation marks around a "
    "text that contains the separator, or delete what stands to the right of the table.",
    "import-not-a-date": '"{value}" is not a date. Write 2025-07-01 or 01/07/2025.',
    "import-ends-before-start": "valid_to is the first day on which this no longer holds; it "
    "must come after valid_from. Correct one of them.",
    "import-not-a-number": '"{value}" does not do. Write a whole number from {least} up, digits '
    "only, without points or spaces.",
    "import-code": '"{value}" is not a code. Use letters without marks, digits, dot and dash, '
    "such as DN-0001.",
    "import-duplicate": "{value} stands in row {first} already. Keep one of the two rows; where "
    "two places of work share a tax code, leave it empty in one.",
    "import-too-many-rows": "there are more than {max} rows. Split the file.",
    "import-too-big": "the file has more than {max} MB. Split it, or take pictures out of it.",
    "import-unpacks-too-big": "the workbook is too large inside. Delete empty rows and columns "
    "around the table, or save it as CSV UTF-8.",
    "import-tcvn3": '"{value}" is written in TCVN3 (ABC, .VnTime). Convert the file to Unicode, '
    "for instance with the Unikey tool (Ctrl+Shift+F6: source TCVN3, target Unicode), and try "
    "again.",
    "import-vni": '"{value}" is written in VNI (VNI-Times). Convert the file to Unicode, for '
    "instance with the Unikey tool (Ctrl+Shift+F6: source VNI Windows, target Unicode), and try "
    "again.",
    "import-encoding": f"the letters cannot be read: the file is not UTF-8. {_SAVE_AS}",
    "import-not-a-sheet": "this is not a table that can be read. Give a CSV file or an .xlsx "
    "workbook, without a password; in a CSV file, close every quotation mark.",
    "import-old-xls": "this is an old .xls file, or one with a password. Open it in Excel and "
    "save it as .xlsx without a password.",
    "import-unknown-value": '"{value}" is unknown. Write one of: {allowed}.',
    "import-tax-code": "this is not a tax code. Write 10 digits, 10 digits, a dash and 3, or the "
    "12 of a citizen number; if Excel took the first 0 away, format the column as text.",
    "import-commune": 'no commune, ward or special zone "{value}" is known here since 1/7/2025. '
    "Write its five-digit code, or its name of today and the right province.",
    "import-commune-ambiguous": '"{value}" may be several places ({places}). Write the code, or '
    "fill in the province.",
    "import-province": 'no province "{value}" is known since 1/7/2025. Write its two-digit code '
    "or its name of today.",
    "import-formula": '"{value}" begins like a formula. Take away the =, +, -, @ or tab in '
    "front; leave a cell empty where there is nothing to say.",
    "import-too-long": "this has more than {max} letters. Shorten it.",
    "import-own-parent": "a body cannot be its own parent. Give the code of the body above it.",
    "import-only-grassroots": "only a grassroots body belongs to one enterprise. Leave this "
    "empty, or write coverage of kind enterprise.",
}


def explain(fault: Fault) -> str:
    """Return a fault as one English line: where it is, what is wrong, what to do."""
    where = [f"row {fault.line}"] if fault.line else []
    where += [f"column {fault.column}"] if fault.column else []
    said = _SENTENCES[fault.key].format(**fault.facts)
    line = f"{', '.join(where) or 'the file'}: {said}"
    return line[0].upper() + line[1:]
