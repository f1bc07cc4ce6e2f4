"""Settings of log, metrics and traces."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from doorward.observability.scrubbing import PERSONAL_FIELDS, SECRET_FIELDS
from doorward.settings.topic import Topic, split_list


class TelemetrySettings(Topic):
    """The log, the metrics and the traces."""

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", examples=["info"])
    """Minimum severity of logged lines."""

    pii_fields: Annotated[tuple[str, ...], split_list] = Field(
        (*SECRET_FIELDS, *PERSONAL_FIELDS), examples=["email,username,phone,birth"]
    )
    """Words that mark a key as private, separated by commas. In the log, the value of every key that contains one is
    redacted. The words for secrets (`password` to `credential`) are always included."""

    metrics_port: int = Field(0, ge=0, le=65535, examples=["9464"])
    """Port of `/metrics`, for Prometheus. 0 disables metrics."""

    otel_exporter_otlp_endpoint: str | None = Field(
        None, pattern="^https?://", examples=["http://collector.internal:4318"]
    )
    """Base URL to which traces are sent, by OTLP over HTTP (extra `doorward[otel]`). Unset: no traces. The other
    `OTEL_*` variables work as OpenTelemetry specifies."""

    otel_exporter_otlp_traces_endpoint: str | None = Field(
        None, pattern="^https?://", examples=["http://collector.internal:4318/v1/traces"]
    )
    """Complete URL to which traces are sent. Overrides `OTEL_EXPORTER_OTLP_ENDPOINT`."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("otel_exporter_otlp_endpoint", "otel_exporter_otlp_traces_endpoint")
    @classmethod
    def _without_password(cls, value: str | None) -> str | None:
        if value and "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("must not hold a password; put it into OTEL_EXPORTER_OTLP_HEADERS")
        return value

    @field_validator("metrics_port", mode="before")
    @classmethod
    def _no_service_link(cls, value: object) -> object:
        """Ignore ``tcp://10.0.0.1:9090``, which Kubernetes sets for a service called metrics and which is no port."""
        return 0 if isinstance(value, str) and value.startswith("tcp://") else value

    @property
    def traces_url(self) -> str | None:
        """The URL to which spans are posted; None if traces are disabled."""
        if self.otel_exporter_otlp_traces_endpoint or not self.otel_exporter_otlp_endpoint:
            return self.otel_exporter_otlp_traces_endpoint
        return f"{self.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces"
