"""FHIR over HTTP: one module per interaction, named as FHIR names it. Knows nothing of the store.

https://hl7.org/fhir/R4/http.html
"""
