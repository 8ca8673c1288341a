"""The clients of every provider: one module each says which there are and which are left out."""

from conformance import cima360, messente, salesforce, sinch

FAMILIES = (cima360, messente, salesforce, sinch)
