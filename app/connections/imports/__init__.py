"""Spreadsheets: uploaded, mapped, previewed, applied, and undone whole."""
