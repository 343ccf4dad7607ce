"""What every connector is made of: records, pages, fields, errors, the client, the verdict. It knows no connector."""
