"""The general validator: any R4 resource against any definition, in full. Pure.

`hub.conformance.validate` is the closed, fast check at the entrance, for the profiles of this project. `examine` is for whoever
wants to know everything: R4's own definition of the type, the profiles that a resource names, those that are asked for, and
definitions that the caller brings. A profile of this project is held to the entrance's rules too, so that what is examined
without an error is let in.

Read in this order: `structures` (a snapshot as a tree), `walk` (a resource beside that tree), then what the walk asks: `items`,
`values` (with `primitives`, `patterns`, `codes`), `slices` and `slicing`, `references`, `extensions`, `narrative`, `bundles`,
`contained`, `rules` (invariants; the frequent ones in `native`). All share a `scope`: the `library` of definitions, the
`surroundings` in which references are followed, and the `findings`.

https://hl7.org/fhir/R4/validation.html
"""

from hub.conformance.examination.examiner import Examiner, examine

__all__ = ["Examiner", "examine"]
