"""Ihala: the exchange. Knows FHIR, consent and referrals; knows no association and no tool by name."""
