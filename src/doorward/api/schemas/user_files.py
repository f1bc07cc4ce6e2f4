"""Bodies and query parameters of the import and export of users."""

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.requests import QueryParameters
from doorward.domain.administration.exporting.models import ExportFormat
from doorward.domain.administration.importing.models import LineCode, OnConflict, UserFormat


class UserImportParameters(QueryParameters):
    """Options for the import of users."""

    format: UserFormat = Field("ndjson", description="The system that wrote the file; csv and ndjson are our own.")
    keep_ids: bool = Field(default=False, description="Keep ids that are UUIDs.")
    on_conflict: OnConflict = Field("skip", description="fail: the first conflict ends the import.")
    dry_run: bool = Field(default=False, description="Store nothing; return what would be stored.")


class UserExportParameters(QueryParameters):
    """The format of the export."""

    format: ExportFormat = Field("ndjson", description="The import reads both formats.")


class LeftOutLine(BaseModel):
    """A line that was not stored, and the reason. It has no value of the line."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(validation_alias="number", examples=[17])
    code: LineCode = Field(examples=["email_taken"])


class UserImportResponse(BaseModel):
    """The result of the import. ``lines`` has the first 10,000 lines that were not stored."""

    stored: int = Field(examples=[998])
    already_stored: int = Field(examples=[0], description="Users that an earlier import has stored.")
    left_out: int = Field(examples=[2])
    lines: list[LeftOutLine]
