"""The authorization server: SMART Backend Services (client_credentials with private_key_jwt), tokens and scopes.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""
