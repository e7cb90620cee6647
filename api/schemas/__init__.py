"""What goes in and out as JSON: one struct per request body and per response.

Routes return these structs, `api.responses.encode_json` encodes them, and `api.openapi` documents them. A struct that
is made of a type of the domain has a constructor for it (`from_...`); a field is named and described nowhere else.
"""
