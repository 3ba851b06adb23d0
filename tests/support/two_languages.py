"""A network's register whose header stands in Arabic and, one row below, in terse French. Nobody in it exists."""

NOTE = ("A remplir avant le 5 du mois",)
ARABIC = (
    "رقم الحالة", "التاريخ", "الرمز", "السن", "الحالة العائلية", "عدد الأبناء", "نوع العنف", "المعتدي", "الخدمات",
    "التوجيه إلى", "تاريخ الإرسال", "درجة الخطر", "الموافقة", "الخزانة", "ملاحظات",
)  # fmt: skip
FRENCH = (
    "Code cas", "Date", "Code bénéf.", "Age", "SF", "Enf", "Type VFG", "Auteur", "Services (E/J/P/H/M)",
    "Référée à", "Date envoi", "Niv danger (1-3)", "Consent.", "Casier", "Rq",
)  # fmt: skip
ROWS = (
    ("AM-24-031", "01/03/2024", "F.Z", "33", "M", "2", "physique, psy", "الزوج", "E,J", "CHR", "02/03/2024", "2", "oui", "7", ""),
    ("AM-24-032", "04/03/2024", "K.L", "24", "C", "1", "psy", "père", "E", "SOS", "05/03/2024", "1", "نعم", "8", "مع رضيع"),
    ("AM-24-033", "11/03/2024", "N.R", "45", "D", "3", "éco", "طليق", "J", "", "", "1", "oui", "9", ""),
    ("AM-24-034", "12/03/2024", "S.B", "29", "mariée", "4", "ضرب", "mari", "E", "UPEC", "13/03/2024", "3", "oui", "2", ""),
)  # fmt: skip
GROUPS = ("", "", "المستفيدة", "", "", "", "العنف", "", "التكفل", "", "", "", "", "", "")
