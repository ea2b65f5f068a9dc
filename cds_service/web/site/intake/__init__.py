"""Pages of the intake: the staff's desk, the patient's tablet, and the form as FHIR for everybody."""
