"""Read items from the CSV files of spreadsheets and programs: bytes, text, rows, columns, fields."""
