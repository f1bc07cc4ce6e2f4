"""Settings of what operators see: log, metrics, traces."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from doorward.observability.scrubbing import PERSONAL_FIELDS, SECRET_FIELDS
from doorward.settings.topic import Topic, split_list


class TelemetrySettings(Topic):
    """The log, the metrics and the traces."""

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", examples=["info"])
    """The least severe lines that are logged."""

    pii_fields: Annotated[tuple[str, ...], split_list] = Field(
        (*SECRET_FIELDS, *PERSONAL_FIELDS), examples=["email,username,phone,birth"]
    )
    """Words that mark a key as private: in the log, the value of every key that contains one is redacted. Separated by
    commas; those for secrets (`password` to `credential`) count in any case."""

    metrics_port: int = Field(0, ge=0, le=65535, examples=["9464"])
    """Where `/metrics` is, for Prometheus. 0: nowhere."""

    otel_exporter_otlp_endpoint: str | None = Field(
        None, pattern="^https?://", examples=["http://collector.internal:4318"]
    )
    """Where traces are sent, by OTLP over HTTP (extra `doorward[otel]`). Unset: there are none. The other `OTEL_*`
    variables mean what OpenTelemetry says."""

    otel_exporter_otlp_traces_endpoint: str | None = Field(
        None, pattern="^https?://", examples=["http://collector.internal:4318/v1/traces"]
    )
    """The same as a whole URL, for traces alone; wins."""

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
        """Kubernetes sets METRICS_PORT=tcp://10.0.0.1:9090 beside a service called metrics. It is no port."""
        return 0 if isinstance(value, str) and value.startswith("tcp://") else value

    @property
    def traces_url(self) -> str | None:
        """Where spans are posted to, or None."""
        if self.otel_exporter_otlp_traces_endpoint or not self.otel_exporter_otlp_endpoint:
            return self.otel_exporter_otlp_traces_endpoint
        return f"{self.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces"
