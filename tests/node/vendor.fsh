// Profiles as somebody might write them against the package, and against R4. SUSHI compiles them; our snapshots of what comes
// out must be those of SUSHI.

Profile: VendorSurvivor
Parent: https://ihala.example/fhir/StructureDefinition/survivor
Id: vendor-survivor
* identifier[cin] 0..0
* telecom.extension[safe-to-call] 1..1
* extension[reported-age].extension[low] 1..1

Profile: VendorConsent
Parent: https://ihala.example/fhir/StructureDefinition/consent
Id: vendor-consent
* provision.provision.actor 1..1

Profile: ChoiceInShort
Parent: Observation
Id: choice-in-short
* valueQuantity.unit 1..1
* valueQuantity.code from http://hl7.org/fhir/ValueSet/ucum-bodyweight (required)
* valueCodeableConcept 0..1 MS
* component.valueQuantity.value 1..1
* effectiveDateTime 1..1
* value[x] 1..1

Profile: ChoiceOfOne
Parent: Observation
Id: choice-of-one
* value[x] only Quantity
* valueQuantity = 'kg' "kilogram"
* valueQuantity.unit 1..1

Profile: ChoiceDerived
Parent: ChoiceInShort
Id: choice-derived
* valueQuantity.unit = "kilogram"
* component.valueQuantity.unit 1..1
* category 1..1
* category from http://hl7.org/fhir/ValueSet/observation-category (required)

Profile: Sliced
Parent: Observation
Id: sliced
* category ^slicing.discriminator.type = #pattern
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #openAtEnd
* category ^slicing.ordered = true
* category contains lab 1..1 MS and other 0..2
* category[lab] = http://terminology.hl7.org/CodeSystem/observation-category#laboratory
* category[other].text 1..1
* component ^slicing.discriminator.type = #pattern
* component ^slicing.discriminator.path = "code"
* component ^slicing.rules = #open
* component.code 1..1 MS
* component contains a 0..* and b 1..1
* component[a].value[x] only Quantity or string
* component[a] contains quantity 0..1
* component[a][quantity].value[x] only Quantity
* component[a][quantity].valueQuantity.unit 1..1
* component[b].interpretation 1..1

Profile: SlicedAgain
Parent: Sliced
Id: sliced-again
* category 1..4
* category[other] 1..1
* category contains third 0..1
* category[third].coding 1..1
* component.interpretation 0..1
* component[b].code.text 1..1
* component[a][quantity].valueQuantity.system 1..1

Extension: Danger
Id: danger
* . ^isModifier = true
* . ^isModifierReason = "it may be untrue"
* . 0..1
* value[x] only boolean
* value[x] 1..1

Extension: Whole
Id: whole
* extension contains one 1..1 and two 0..*
* extension[one].value[x] only string
* extension[two].value[x] only Reference(Patient or Organization)
* extension[two].valueReference.reference 1..1

Profile: Extended
Parent: Patient
Id: extended
* modifierExtension contains Danger named danger 0..1
* extension contains Whole named whole 0..*
* extension[whole].extension[one].valueString ^maxLength = 20
* birthDate.extension contains http://hl7.org/fhir/StructureDefinition/data-absent-reason named unknown 0..1 MS
* name.given.extension contains Whole named note 0..1
* contact.name.family 1..1
* contact.telecom ^slicing.discriminator.type = #value
* contact.telecom ^slicing.discriminator.path = "system"
* contact.telecom ^slicing.rules = #open
* contact.telecom contains phone 0..1
* contact.telecom[phone].system = #phone

Profile: ExtendedAgain
Parent: Extended
Id: extended-again
* extension[whole] 1..1
* extension[whole].extension[two] 0..0
* managingOrganization 1..1
* managingOrganization.identifier.value 1..1
* generalPractitioner only Reference(Organization)

Profile: Repeating
Parent: Consent
Id: repeating
* provision.type 1..1
* provision.provision.provision.type 1..1
* provision.provision.data.reference.reference 1..1

Invariant: pair-1
Description: "has a unit"
Severity: #error
Expression: "unit.exists()"

Profile: Paired
Parent: Quantity
Id: paired
* system 1..1
* code 1..1
* obeys pair-1

Profile: UsesPaired
Parent: Observation
Id: uses-paired
* value[x] only Paired
* valueQuantity.unit 1..1
* referenceRange.low.value 1..1
