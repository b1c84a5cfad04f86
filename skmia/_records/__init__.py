"""Fingerprints of records: which rows of one table occur in another.

Membership is a matter of content: a record is a member if its labeled content was trained on.
Every record gets a 64-bit number that depends on its values and their positions alone, not on the
container, the column names, the process or the other records:

    fingerprint(x) = mix(Σ_j h(j, x_j)),    h(j, v) = mix(v ^ key_j) − mix(key_j)

where v stands for 64 canonical bits of a value. h(j, 0) = 0, so that a sparse row costs only its
nonzero entries; mixing before summing keeps rows apart whose values differ in a few high bits only,
as 0.0, 1.0, 2.0 do.

Two tables are compared at the coarser floating-point precision of the two sides, column by column,
because a float32 copy of a float64 record is the same record. Integers and texts are exact.
"""

from skmia._records.bits import is_missing
from skmia._records.fingerprints import (
    KnownRecords,
    RemembersMembers,
    duplicated_within,
    duplicates_across,
    fingerprint,
    fingerprint_both,
    float_precision,
    is_in,
)
from skmia._records.numbers import RecordNumbers, within_float32
from skmia._records.selection import (
    column_of,
    columns_of,
    concatenate,
    draw_per_class,
    halve,
    matched_classes,
    ranks_within,
)
from skmia._records.table import check_table, read_table
from skmia._records.table_column import (
    CodedColumn,
    PlainColumn,
    as_coded,
    coded_column,
    is_zero_one,
    joined,
)
from skmia._records.table_writer import write_table

__all__ = [
    "CodedColumn",
    "KnownRecords",
    "PlainColumn",
    "RecordNumbers",
    "RemembersMembers",
    "as_coded",
    "check_table",
    "coded_column",
    "column_of",
    "columns_of",
    "concatenate",
    "draw_per_class",
    "duplicated_within",
    "duplicates_across",
    "fingerprint",
    "fingerprint_both",
    "float_precision",
    "halve",
    "is_in",
    "is_missing",
    "is_zero_one",
    "joined",
    "matched_classes",
    "ranks_within",
    "read_table",
    "within_float32",
    "write_table",
]
