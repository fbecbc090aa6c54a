import re
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.cues import CUES, find_cues, find_dates

TABLES = tomllib.loads((resources.files("claims") / "data" / "cues.toml").read_text(encoding="utf-8"))
LANGUAGES = st.sampled_from([*TABLES, "und", "xx", "", "pt-BR", "nb", "sr", "ka", "yue", "../en", "zh_Hant"])
PIECES = [
    *" \t\n\u00a0,;:.!?…-–—()[]\"'“”„«»‘’「」，。、；،؛؟¿¡*/$%",
    *"aZ7éЖñ你はก한ا٣\u0301\u200d😀",
    *("will not ", "May ", "ne ", "pas ", "no solo ", "не ", "لم ", "不是", "将", "2019", "12 May ", "de mayo de "),
    *("31/02/2019", "99.99.9999", "2023年", "0月", "٢٠٢٣", "1/2/3/4", "Sept. ", "mars ", "n'est "),
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES)).map("".join))
DATE = re.compile(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?|--(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
)

CASES = [
    ("en", "The bridge was closed for repairs.", "past"),
    ("en", "The bridge is closed for repairs.", "present"),
    ("en", "The bridge will close for repairs.", "future"),
    ("en", "He said it was closed but will open.", ""),
    ("en", "The ministry said the tax would rise.", "future"),
    ("en", "Without the loan the town would be bankrupt.", "conditional"),
    ("en", "The suspects may have fled.", "hedged"),
    ("en", "Theresa May visited the plant.", ""),
    ("en", "May said nothing about it.", "negated"),
    ("en", "In May the plant stopped.", "dated"),
    ("en", "The people's will prevailed.", ""),
    ("en", "The committee did not agree.", "past negated"),
    ("en", "The mayor not only agreed, he paid.", ""),
    ("en", "No more than six boats came.", ""),
    ("en", "No boats came.", "negated"),
    ("en", "A not-for-profit group runs the school.", ""),
    ("en", "They asked him if the school paid.", ""),
    ("en", "Exports are expected to fall.", "future forecast"),
    ("en", "The union wants higher wages.", "wish"),
    ("en", "Who paid for the bridge?", "question"),
    ("en", "Council Will Not Sell Harbour Office Block After Long Debate", "future negated"),
    ("es", "La fábrica cerró tras la huelga.", "past"),
    ("es", "La fábrica está cerrada.", "present"),
    ("es", "La fábrica cerrará en otoño.", "future"),
    ("es", "Van a subir los impuestos.", "future"),
    ("es", "El gobernador de Ceará viajó a Teherán.", "past"),
    ("es", "La cosecha de Ceará va por buen camino.", ""),
    ("es", "El alcalde no firmó el acuerdo.", "past negated"),
    ("es", "No solo firmó el alcalde.", "past"),
    ("es", "Las empresas que no pagan reciben una carta.", ""),
    ("es", "No hay pan.", "present negated"),
    ("es", "Dijo que no irá a la cumbre.", "future negated"),
    ("es", "El detenido habría confesado.", "hedged"),
    ("es", "Si llueve, la feria acaba antes.", "conditional"),
    ("es", "Le preguntaron si firma hoy.", ""),
    ("es", "Se prevé una caída del consumo.", "forecast"),
    ("es", "Los vecinos exigen un semáforo.", "wish"),
    ("es", "¿Quién pagó la obra?", "past question"),
    ("ca", "L'ajuntament va tancar el mercat.", "past"),
    ("ca", "El mercat és tancat.", "present"),
    ("ca", "El mercat tancarà a la tardor.", "future"),
    ("ca", "El mercat no obre els diumenges.", "negated"),
    ("ca", "No hi ha pa.", "present negated"),
    ("ca", "No només obre el mercat.", ""),
    ("ca", "La comissaria obre de nit.", ""),
    ("ca", "L'obra podria costar el doble.", "hedged"),
    ("ca", "L'empresa preveu créixer.", "forecast"),
    ("ca", "Cal que pagui tothom.", "wish"),
    ("fr", "Le maire a signé l'accord.", "past"),
    ("fr", "Le marché est fermé.", "present"),
    ("fr", "Le marché fermera en automne.", "future"),
    ("fr", "Le maire n'a pas signé.", "past negated"),
    ("fr", "Le maire ne signe jamais rien.", "negated"),
    ("fr", "Le maire ne signe pas seulement des lettres.", ""),
    ("fr", "Le maire ne signe que des lettres.", ""),
    ("fr", "Chaque pas compte et une personne suffit.", ""),
    ("fr", "Le ministre aurait été informé.", "hedged"),
    ("fr", "S'il pleut, la foire finit tôt.", "conditional"),
    ("fr", "Même si la foire finit tôt, tous viennent.", ""),
    ("fr", "Le chômage devrait baisser.", "forecast"),
    ("fr", "Il faut un feu rouge.", "wish"),
    ("fr", "Deux figures figurent ici.", ""),
    ("fr", "Les experts considèrent le pont comme sûr.", ""),
    ("de", "Das Rathaus wurde verkauft.", "past"),
    ("de", "Das Rathaus steht derzeit leer.", "present"),
    ("de", "Das Rathaus wird nächstes Jahr geräumt.", "future"),
    ("de", "Der Rat stimmte nicht zu.", "negated"),
    ("de", "Nicht nur der Rat stimmte zu.", ""),
    ("de", "Kein Wunder, der Rat schweigt.", ""),
    ("de", "Der Rat hat kein Geld.", "negated"),
    ("de", "Es ist kein Geheimnis, der Rat schweigt.", ""),
    ("de", "Der Täter soll geflohen sein und Geld erhalten haben.", "hedged"),
    ("de", "Die Brücke soll im Herbst öffnen.", "forecast"),
    ("de", "Die Gewerkschaft fordert höhere Löhne.", "wish"),
    ("de", "Er schloss einen Streik nicht aus.", "hedged"),
    ("de", "Wenn es regnet, endet das Fest früh.", "conditional"),
    ("pt", "A câmara vendeu o mercado.", "past"),
    ("pt", "O mercado está fechado.", "present"),
    ("pt", "O mercado fechará no outono.", "future"),
    ("pt", "No verão, o tubarão nada perto da costa.", "negated"),  # a verb here: see the limits of the module
    ("pt", "No verão, o Ceará recebe turistas.", ""),
    ("pt", "O prefeito não assinou o acordo.", "past negated"),
    ("pt", "O prefeito não assina só cartas.", "negated"),
    ("pt", "Não só o prefeito assina cartas.", ""),
    ("pt", "O suspeito teria confessado.", "hedged"),
    ("pt", "A inflação deve cair.", "forecast"),
    ("pt", "Os moradores querem um semáforo.", "wish"),
    ("pt", "A engenharia custa caro.", ""),
    ("it", "Il comune ha venduto il mercato.", "past"),
    ("it", "Il mercato è vuoto.", "present"),
    ("it", "Il mercato chiuderà in autunno.", "future"),
    ("it", "Il sindaco non firma l'accordo.", "negated"),
    ("it", "Non solo il sindaco firma l'accordo.", ""),
    ("it", "Però il sindaco può firmare, e perciò firma.", ""),
    ("it", "Il sospetto avrebbe confessato.", "hedged"),
    ("it", "La strada dovrebbe riaprire.", "forecast"),
    ("it", "I residenti vogliono un semaforo.", "wish"),
    ("it", "Se piove, la fiera finisce presto.", "conditional"),
    ("it", "Anche se piove, la fiera continua.", ""),
    ("ru", "Мост был закрыт.", "past"),
    ("ru", "Мост сейчас закрыт.", "present"),
    ("ru", "Мост будет закрыт.", "future"),
    ("ru", "Мэр не подписал договор.", "negated"),
    ("ru", "Не только мэр подписал договор.", ""),
    ("ru", "Договор подписали не более пяти сторон.", ""),
    ("ru", "Он не мог не знать о договоре.", ""),
    ("ru", "Газета пишет о не связанных с ним делах.", ""),
    ("ru", "Не исключено, что мост закроют.", "hedged"),
    ("ru", "Если пойдёт дождь, ярмарку закроют.", "conditional"),
    ("ru", "Ожидается рост цен.", "forecast"),
    ("ru", "Жители требуют светофор.", "wish"),
    ("uk", "Міст був закритий.", "past"),
    ("uk", "Міст зараз закритий.", "present"),
    ("uk", "Міст працюватиме взимку.", "future"),
    ("uk", "Мер не підписав угоду.", "negated"),
    ("uk", "Не лише мер підписав угоду.", ""),
    ("uk", "Там чи не найкращий міст країни.", ""),
    ("uk", "Міст, можливо, закриють.", "hedged"),
    ("uk", "Якщо піде дощ, ярмарок закриють.", "conditional"),
    ("uk", "Мешканці хочуть світлофор.", "wish"),
    ("ar", "كان الجسر مغلقا.", "past"),
    ("ar", "الجسر مغلق حاليًّا.", "present"),
    ("ar", "سوف يغلق الجسر.", "future"),
    ("ar", "ولن يغلق الجسر.", "future negated"),
    ("ar", "لم يوقع الوزير الاتفاق.", "past negated"),
    ("ar", "لا سيما الوزير وقع الاتفاق.", ""),
    ("ar", "لا يزال الجسر مفتوحا.", "present"),
    ("ar", "وصلت ستة سيارات من سيناء.", ""),
    ("ar", "ربما يغلق الجسر.", "hedged"),
    ("ar", "من المتوقع إغلاق الجسر.", "forecast"),
    ("ar", "يطالب السكان بإشارة ضوئية.", "wish"),
    ("zh", "大桥去年关闭。", "past"),
    ("zh", "大桥目前关闭。", "present"),
    ("zh", "大桥将于秋天关闭。", "future"),
    ("zh", "大橋將於秋天關閉。", "future"),
    ("zh", "市长没有签字。", "negated"),
    ("zh", "不过，市长不久不断签字。", ""),
    ("zh", "市长不仅签字，还付款。", ""),
    ("zh", "市长不得不签字。", ""),
    ("zh", "桥可能关闭。", "hedged"),
    ("zh", "如果下雨，集市就提前结束。", "conditional"),
    ("zh", "居民要求安装红绿灯。", "wish"),
    ("zh", "市长签字了吗？", "question"),
    ("tr", "Köprü dün kapandı.", "past"),
    ("tr", "Köprü şu anda kapalı.", "present"),
    ("tr", "Köprü sonbaharda kapanacak.", "future"),
    ("tr", "Köprü sıcak ve ocak ancak kucak.", ""),
    ("tr", "Başkan sözleşmeyi imzalamadı.", "negated"),
    ("tr", "Sözleşme sadece başkanın değil, herkesin.", ""),
    ("tr", "Yeni komedi Yılmaz ile sahnede.", ""),
    ("tr", "Namaz sonrası okuma yazma dersi var.", ""),
    ("tr", "Köprü belki açık.", "hedged"),
    ("tr", "Eğer yağmur yağarsa panayır erken biter.", "conditional"),
    ("tr", "Halk trafik ışığı istiyor.", "wish"),
    ("pl", "Most został zamknięty.", "past"),
    ("pl", "Burmistrz nie podpisał umowy.", "negated"),
    ("pl", "Nie tylko burmistrz podpisze umowę.", ""),
    ("nl", "De burgemeester tekent niet.", "negated"),
    ("nl", "Niet alleen de burgemeester tekent.", ""),
    ("ro", "Primarul nu semnează.", "negated"),
    ("cs", "Starosta není doma.", "negated"),
    ("el", "Ο δήμαρχος δεν υπογράφει.", "negated"),
    ("el", "Ποιος υπογράφει;", "question"),
    ("sv", "Borgmästaren skriver inte under.", "negated"),
    ("da", "Borgmesteren underskriver ikke kun breve.", ""),
    ("no", "Ordføreren skriver ikke under.", "negated"),
    ("fi", "Pormestari ei allekirjoita.", "negated"),
    ("hu", "A polgármester nem írja alá.", "negated"),
    ("hr", "Gradonačelnik neće potpisati.", "future negated"),
    ("sr", "Градоначелник неће потписати.", "future negated"),
    ("bg", "Кметът няма да подпише.", "future negated"),
    ("kk", "Әкім шартқа қол қоймады.", "negated"),
    ("ja", "市長は署名しなかった。", "negated"),
    ("ja", "市長だけでなく議員も署名するかもしれない。", "hedged"),
    ("ko", "시장은 서명하지 않았다.", "negated"),
    ("id", "Wali kota tidak setuju.", "negated"),
    ("vi", "Thị trưởng không ký.", "negated"),
    ("vi", "Hàng không tăng giá vé.", ""),
    ("fa", "شهردار امضا نمی‌کند.", "negated"),
    ("he", "ראש העיר לא חתם.", "negated"),
    ("hi", "मेयर ने हस्ताक्षर नहीं किए।", "negated"),
]


@pytest.mark.parametrize(("language", "text", "cues"), CASES)
def test_cues_of_a_statement(language: str, text: str, cues: str) -> None:
    assert find_cues(text, language) == tuple(cues.split())


DATES = [
    ("es", "El 12 de mayo de 2023 abrió el puente.", "2023-05-12"),
    ("es", "El 12 de Mayo abrió el puente.", "--05-12"),
    ("es", "Mayo fue seco, y el lunes llovió.", "--05 monday"),
    ("es", "Habló Plácido Domingo.", ""),
    ("es", "Llegaron 2019 personas y 2.019 coches.", ""),
    ("es", "Los años 1980 fueron duros.", ""),
    ("en", "May 12, 2023", "2023-05-12"),
    ("en", "It opened on 12th May, closed on Sept. 3rd and reopens in March.", "--03 --05-12 --09-03"),
    ("en", "At least 12 may have died; they march on.", ""),
    ("en", "From 12-15 June 2021 it was shut.", "2021-06-12 2021-06-15"),
    ("en", "It opened in 2000 with 2000 seats and 2,000 guests.", "2000"),
    ("en", "It cost $2023, or 2019 euros, on flight MH-2017 to room 2011.", ""),
    ("en", "The season 2019-20 and the years 2021–2022", "2019 2020 2021 2022"),
    ("en", "The 1980s were hard.", ""),
    ("en", "Open since 12/05/2023.", "2023"),
    ("en", "Open since 25/05/2023 or 05/25/2023 or 2023-05-25.", "2023-05-25"),
    ("en", "Open since 31/02/2023.", ""),
    ("de", "Am Freitag, dem 12. Mai 2023, im Jänner und am 3.5.2022", "--01 2022-05-03 2023-05-12 friday"),
    ("fr", "Le 1er mars, en mars, un mars au chocolat", "--03 --03-01"),
    ("it", "Ha vinto in 3 set, il 4 settembre.", "--09-04"),
    ("pt", "A 7 de setembro, segunda-feira", "--09-07 monday"),
    ("ca", "L'1 d'octubre de 2017, a l'agost", "--08 2017-10-01"),
    ("ru", "12-го мая 2018 года, в январе и в среду", "--01 2018-05-12 wednesday"),
    ("ru", "Марта живёт в 1990-х.", ""),
    ("uk", "24 серпня, у вересні, лютий ворог, у лютому", "--02 --08-24 --09"),
    ("pl", "12 maja 2023 r., w styczniu, w środę", "--01 2023-05-12 wednesday"),
    ("cs", "12. května, v lednu", "--01 --05-12"),
    ("sr", "12. maja, у суботу", "--05-12 saturday"),
    ("ar", "في ١٢ مايو ٢٠٢٣ وفي شباط ويوم الأحد", "--02 2023-05-12 sunday"),
    ("ar", "مارس الرياضة في مارس", "--03"),
    ("zh", "2023年5月12日，五月，十一月，周六", "--05 --11 2023-05-12 saturday"),
    ("zh", "一周一次，有2000年的历史，1980年代", ""),
    ("ja", "２０２３年５月１２日の月曜日", "2023-05-12 monday"),
    ("ko", "2023년 5월 12일 월요일에", "2023-05-12 monday"),
    ("tr", "12 Mayıs 2023'te, Ocak ayında, pazar günü; Kasım Bey pazar kurdu", "--01 2023-05-12 sunday"),
    ("hu", "2018. május 12-én, pénteken", "2018-05-12 friday"),
    ("fi", "12. toukokuuta 2018, tammikuussa", "--01 2018-05-12"),
    ("ro", "12 mai, mai mult, luna mai", "--05 --05-12"),
    ("he", "ב-12 במאי 2018", "2018-05-12"),
    ("am", "በ2011", ""),
    ("xx", "2023-05-12, 2019, 12 mayo", "2019 2023-05-12"),
]


@pytest.mark.parametrize(("language", "text", "dates"), DATES)
def test_dates_of_a_statement(language: str, text: str, dates: str) -> None:
    assert find_dates(text, language) == tuple(dates.split())


def test_decomposed_letters_and_curly_apostrophes_are_read_alike() -> None:
    assert find_cues("El ministro habri\u0301a dimitido.", "es") == ("hedged",)
    assert find_cues("Le maire n’a pas signé.", "fr") == ("past", "negated")


def test_language_without_table_has_questions_and_dates_only() -> None:
    assert find_cues("რა მოხდა 2019 წელს?", "ka") == ("dated", "question")


def test_region_of_a_language_tag_does_not_matter() -> None:
    assert find_cues("O prefeito não assina.", "pt-BR") == ("negated",)


def test_every_entry_of_the_lists_names_a_cue() -> None:
    keys = {key for name, table in TABLES.items() if name != "years" for key in table}

    assert keys <= {*CUES, "none", "glued", "dates", "gap"}


@given(TEXTS, LANGUAGES)
def test_cues_are_some_of_the_known_ones_in_their_order(text: str, language: str) -> None:
    cues = find_cues(text, language)

    assert cues == tuple(cue for cue in CUES if cue in cues)
    assert len({"past", "present", "future"} & set(cues)) <= 1
    assert ("dated" in cues) == bool(find_dates(text, language))


@given(TEXTS, LANGUAGES)
def test_dates_are_well_formed_sorted_and_unique(text: str, language: str) -> None:
    dates = find_dates(text, language)

    assert all(DATE.fullmatch(date) for date in dates)
    assert list(dates) == sorted(set(dates))


@given(TEXTS, st.text())
def test_any_language_is_accepted(text: str, language: str) -> None:
    assert set(find_cues(text, language)) <= set(CUES)
