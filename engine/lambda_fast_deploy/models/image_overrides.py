"""The attribute of images that overrides their entry point, command and directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.models.attribute import Attribute


class OverridesAttribute(Attribute):
    """An ``ImageConfig``; members that are not configured stay, and empty ones are removed."""

    NAMES: Mapping[str, str] = {
        "entrypoint": "EntryPoint",
        "command": "Command",
        "workdir": "WorkingDirectory",
    }

    def observe(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        members = (answer.get("ImageConfigResponse") or {}).get(self.member) or {}
        return {name: value for name, value in members.items() if value}

    def merge(self, desired: Mapping[str, Any], observed: Mapping[str, Any] | None) -> Any:
        merged = {**(observed or {}), **desired}
        return {name: value for name, value in merged.items() if value}

    def shown(self, value: Mapping[str, Any]) -> str:
        words = {
            key: [value[name]] if isinstance(value[name], str) else value[name]
            for key, name in self.NAMES.items()
            if name in value
        }
        return ", ".join(f"{key} {' '.join(each)}" for key, each in words.items()) or "none"
