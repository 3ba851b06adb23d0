"""What this door is called and what it asks of a connection. The meanings are keys of the text catalogue."""

from hub.ports import Manifest

MANIFEST = Manifest(
    name="spreadsheet",
    title={
        "ar": "سجل في جدول (Excel أو ODS أو CSV)",
        "fr": "Registre dans un tableur (Excel, ODS ou CSV)",
        "en": "Register in a spreadsheet (Excel, ODS or CSV)",
    },
    settings={
        "path": "adapters.setting-path",
        "upload": "adapters.setting-upload",
        "snapshot": "adapters.setting-snapshot",
        "date_1904": "adapters.setting-date-1904",
        "encoding": "adapters.setting-encoding",
        "separator": "adapters.setting-separator",
        "output": "adapters.setting-output",
        "output_format": "adapters.setting-output-format",
        "output_separator": "adapters.setting-output-separator",
        "language": "adapters.setting-language",
    },
    types={"upload": "boolean", "snapshot": "boolean", "date_1904": "boolean"},
    kinds=("row",),
    capabilities=frozenset({"read", "complete-scan"}),
)
