"""Import and export of users over HTTP."""

from pydantic import BaseModel, ConfigDict, Field

from doorward.domain.administration.exporting.models import ExportFormat
from doorward.domain.administration.importing.models import LineCode, OnConflict, UserFormat


class UserImportParameters(BaseModel):
    """How the file is read, and what becomes of conflicts."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    format: UserFormat = Field("ndjson", description="Which system the file is from; csv and ndjson are our own.")
    keep_ids: bool = Field(default=False, description="Let ids that are UUIDs stay the ids.")
    on_conflict: OnConflict = Field("skip", description="fail: the first conflict ends the import.")
    dry_run: bool = Field(default=False, description="Store nothing; tell what would be stored.")


class UserExportParameters(BaseModel):
    """The form of the export."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    format: ExportFormat = Field("ndjson", description="Both are read by the import.")


class LeftOutLine(BaseModel):
    """A line that was not stored, and why. No value of it."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(validation_alias="number", examples=[17])
    code: LineCode = Field(examples=["email_taken"])


class UserImportResponse(BaseModel):
    """What became of the file. ``lines`` has the first 10,000 lines that were not stored."""

    stored: int = Field(examples=[998])
    already_stored: int = Field(examples=[0], description="By an earlier import of the same users.")
    left_out: int = Field(examples=[2])
    lines: list[LeftOutLine]
