"""Makes the outputs, report.json and the step summary, also after an error."""
