"""Outputs, report.json and the step summary; made whatever happened."""
