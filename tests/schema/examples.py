"""Files written by hand. BAD: what `check` refuses, and why a schema cannot see it, or None if it does. GOOD: odd, and taken."""

def policy(more, resource="image-share", clouds="example"):
    about = 'granted_before = "30d"' if "match" not in more else ""
    text = f'[[policy]]\nname = "a"\nschedule = "0 4 * * *"\nclouds = ["{clouds}"]\nresource = "{resource}"\n'
    return text + (f"match = {{ {about} }}\n" if about else "") + more


def source(more):
    return f"[source.a]\n{more}\n"


CSV = 'type = "csv"\npath = "x"\nmatch = { column = "a", to = "user.id" }\n'
ONE_TEXT = "what a text means within its own grammar is the parser's"
TWO_KEYS = "a schema compares no value with another"
OTHER_FILES = "another file or section says whether it exists"

BAD = [
    (policy('scedule = "x"'), None),
    (policy('mode = "enforced"'), None),
    (policy('priority = "high"'), None),
    (policy('missed = "all"'), None),
    (policy("limits.max_percent = 140"), None),
    (policy("limits.max_percent = 0"), None),
    (policy("limits.max_revocations = 0"), None),
    (policy('limits.grace = "1y"'), None),
    (policy("limits = { max = 5 }"), None),
    (policy("match = {}"), None),
    (policy('match.granted_before = "3M"'), None),
    (policy('match.granted_before = "30"'), None),
    (policy("match.granted_before = 30"), None),
    (policy('match.status = "acceptd"'), None),
    (policy('match.status = "accepted"', "image"), None),
    (policy('match.status = "accepted"', "repository-share", "registry"), None),
    (policy('match.granted_before = "30d"', "image"), None),
    (policy('match.granted_before = "30d"', "repository-permission", "registry"), None),
    (policy('match.created_before = "30d"', "namespace-permission", "registry"), None),
    (policy('match.image.name = "x"', "repository-share", "registry"), None),
    (policy('match.level = "admin"', "repository-permission", "registry"), None),
    (policy('match.user = {}', "repository-permission", "registry"), None),
    (policy("match.image = {}"), None),
    (policy('match.image.visibility = "hidden"'), None),
    (policy('match.image.size = { min = "1.5GB" }'), None),
    (policy("match.image.size = {}"), None),
    (policy("match.image.tags = []"), None),
    (policy("match.image.protected = 'yes'"), None),
    (policy('match.expires = { tag = "a", property = "b" }'), None),
    (policy("match.expires = {}"), None),
    (policy('match.created_before = "1d"\nlimits.max_per_resource = 5', "image"), None),
    (policy('exempt = { subject = "x", until = 2027-01-31 }'), None),
    (policy('exempt = { subject = "x", reason = "r" }'), None),
    (policy('exempt = { until = 2027-01-31, reason = "r" }'), None),
    (policy('exempt = { subject = "x", until = "soon", reason = "r" }'), None),
    (policy('match.created_before = "1d"\nexempt = [{ subject = "x", until = 2027-01-31, reason = "r" }]', "image"), None),
    (policy('match.level = "read"\nexempt = [{ image.name = "x", until = 2027-01-31, reason = "r" }]',
            "repository-permission", "registry"), None),
    (policy("").replace('"a"', '"-a"'), None),
    (policy("").replace('"a"', '"a b"'), None),
    (policy("").replace('clouds = ["example"]', "clouds = []"), None),
    (policy("").replace('"image-share"', '["image-share", "image-share"]'), None),
    (policy("").replace('"image-share"', '"images"'), None),
    ("[daemon]\n", None),
    ("[policies]\n", None),
    (source('type = "xml"'), None),
    (source('type = "csv"\nmatch = { column = "a", to = "user.id" }'), None),
    (source('type = "csv"\npath = "x"'), None),
    (source(CSV + 'url = "https://x"'), None),
    (source(CSV + "min_entries = 0"), None),
    (source(CSV + "max_shrink_percent = 100"), None),
    (source(CSV + 'delimiter = "ab"'), None),
    (source(CSV + 'delimiter = "a"'), None),
    (source(CSV + 'gone = { path = "$.a", is = "x" }'), None),
    (source(CSV.replace("user.id", "user.mail")), None),
    (source(CSV.replace("column", "attribute")), None),
    (source('type = "json"\npath = "x"\nmatch = { path = "mail", to = "user.email" }'), None),
    (source('type = "http"\nurl = "https://x"\nuser = "u"\nmatch = { path = "$.a", to = "user.id" }'), None),
    (source('type = "http"\nurl = "https://x"\npassword_env = "x"\nmatch = { path = "$.a", to = "user.id" }'), None),
    (source('type = "http"\nurl = "https://x"\ntoken = "secret"\nmatch = { path = "$.a", to = "user.id" }'), None),
    (source('type = "scim"\nurl = "https://x"\npage_size = 5000\nmatch = { attribute = "a", to = "user.id" }'), None),
    (source('type = "ldap"\nurl = "ldaps://x"\nmatch = { attribute = "a", to = "user.id" }'), None),
    (source('type = "ldap"\nurl = "ldaps://x"\nbase = "b"\nfilter = "a=b"\nmatch = { attribute = "a", to = "user.id" }'), None),
    (source('type = "ldap"\nurl = "ldaps://x"\nbase = "b"\nbind_dn = "d"\nmatch = { attribute = "a", to = "user.id" }'), None),
    (source('type = "keystone"\ncloud = "registry"\ndisabled = false\ndeleted = false'), None),
    (source('type = "keystone"\ncloud = "registry"\nmatch = { column = "a", to = "user.id" }'), None),
    # And what a schema cannot see.
    (policy('timezone = "Europe/Berln"'), ONE_TEXT),
    (policy("").replace("0 4 * * *", "0 25 * * *"), ONE_TEXT),
    (policy("match.when = 'now +'"), ONE_TEXT),
    (policy("match.subject = '[a'"), ONE_TEXT),
    (policy('match.repository = "team$api"', "repository-permission", "registry"), ONE_TEXT),
    (policy('match.granted_before = "40000d"'), ONE_TEXT),
    (policy('exempt = { subject = "x", until = 2027-02-28T25:00:00, reason = "r" }').replace("2027-02-28T25:00:00", "9999-12-31"), ONE_TEXT),
    (policy('exempt = { subject = "x", until = "2027-01-31", reason = "r" }'), "JSON has no dates: one without quotes is the same text"),
    (policy("limits.max_revocations = 5.0"), "to JSON Schema 5.0 is a whole number"),
    (policy('match.image.size = { min = "2GB", max = "1GB" }'), TWO_KEYS),
    (policy('match.subject_in = "leaver"'), OTHER_FILES),
    (policy("").replace('"example"', '"exampel"'), OTHER_FILES),
    (policy('match.level = "read"', "repository-permission"), OTHER_FILES),
    (source('type = "http"\nurl = "http://hr.example.com"\nmatch = { path = "$.a", to = "user.id" }'), ONE_TEXT),
    (source('type = "http"\nurl = "https://u:p@hr.example.com"\nmatch = { path = "$.a", to = "user.id" }'), ONE_TEXT),
    (source('type = "json"\npath = "x"\nlist = "$.["\nmatch = { path = "$.a", to = "user.id" }'), ONE_TEXT),
    (source('type = "ldap"\nurl = "ldaps://x"\nstart_tls = true\nbase = "b"\nmatch = { attribute = "a", to = "user.id" }'), TWO_KEYS),
    (source('type = "keystone"\ncloud = "nowhere"'), OTHER_FILES),
]

GOOD = [
    *(policy(f'match.granted_before = "{length}"') for length in
      ("0", "0s", "1d 2h", " 5 m ", "1.5h", "1h30m", "2weeks", "1 0 d", "1day 12hours", "3wks", "20\u00b5s", "5\u00a0d")),
    policy("").replace("[[policy]]", "[policy]"),
    policy("").replace('["example"]', '"*"').replace('"image-share"', '["image-share"]'),
    policy("").replace("0 4 * * *", "@daily"),
    policy('match = { granted_before = "1d", image.size = { min = " 5 GiB ", max = 99999999999 } }'),
    policy("limits = { max_percent = 0.5, max_revocations = 9007199254740993 }"),
    policy("exempt = []"),
    *(policy(f'exempt = {{ subject = "x", until = {until}, reason = "r" }}') for until in
      ("2027-01-31", "2027-01-31 12:00:00", "2027-01-31T12:00:00.5Z", "2027-01-31T12:00:00+02:00")),
    policy('match = { when = "true" }', "image"),
    source(CSV + 'delimiter = " "\nmax_shrink_percent = 0'),
    source(CSV + 'delimiter = "\\t"'),
    source(CSV.replace("user.id", "user.attribute. a b")),
    source('type = "http"\nurl = " https://x"\nmatch = { path = "$", to = "user.id" }'),
    source('type = "keystone"\ncloud = "registry"\ndisabled = false\ndeleted = false\nnot_seen_for = "180d"'),
    "",
]

# [clouds.NAME], beside which nothing else is wrong.
OPENSTACK = 'provider = "openstack"\nauth_url = "https://k.example.com/v3"\nproject = "p"\n' \
            'auth = { method = "password", user = "u", password_env = "SECRET" }\n'
HUAWEI = OPENSTACK.replace("openstack", "huawei") + 'region = "r"\ndomain = "d"\n'
BAD_CLOUDS = [
    (OPENSTACK.replace('"openstack"', '"azure"'), None),
    (OPENSTACK + 'flavour = "huawei-cloud"', None),
    (OPENSTACK + "batch_subjects = 5", None),
    (OPENSTACK + 'domain = "d"', None),
    (OPENSTACK + 'project_id = "p"', None),
    (OPENSTACK + 'clouds_file = "c"', None),
    (OPENSTACK + "concurrency = 0", None),
    (OPENSTACK + "page_size = 20000", None),
    (OPENSTACK + 'interface = "private"', None),
    (OPENSTACK + 'endpoints = { swr = "https://x" }', None),
    (OPENSTACK.replace("password_env = ", "password = "), None),
    (OPENSTACK.replace('"password"', '"ak-sk"'), None),
    (OPENSTACK.replace('"password"', '"application-credential"'), None),
    (OPENSTACK.replace('user = "u"', 'user_id = "u", user_domain = "d"'), None),
    (OPENSTACK.replace("SECRET\"", 'SECRET", password_file = "x"'), None),
    (HUAWEI.replace('region = "r"\n', ""), None),
    (HUAWEI.replace('domain = "d"\n', ""), None),
    (HUAWEI.replace("user =", "user_id =").replace("project =", "project_id ="), None),
    (HUAWEI + 'project_domain = "d"', None),
    (HUAWEI + "batch_subjects = 500", None),
    (HUAWEI + 'registry_content_type = "text/xml"', None),
    (HUAWEI.replace('"password"', '"application-credential"'), None),
    (HUAWEI.replace('user = "u"', 'user = "u", user_domain = "d"'), None),
    ('cloud = "x"\nproject = "p"', None),
    ('cloud = "x"\nprovider = "huawei"', None),
    (OPENSTACK.replace("https:", "http:"), ONE_TEXT),
    (OPENSTACK + 'request_timeout = "2h"', ONE_TEXT),
    (OPENSTACK + 'ca_file = "missing"', OTHER_FILES),
    (OPENSTACK.replace("SECRET", "MISSING"), OTHER_FILES),
    ('cloud = "missing"\nclouds_file = "missing"', OTHER_FILES),
]
GOOD_CLOUDS = [
    OPENSTACK,
    HUAWEI + 'enterprise_project = ""\nregistry_content_type = "application/json"',
    HUAWEI.replace("user =", "user_id ="),
    HUAWEI.replace("user =", "user_id =").replace("project =", "project_id =").replace('domain = "d"\n', ""),
    OPENSTACK.replace('"password", user = "u", password_env', '"token", token_env'),
    OPENSTACK.replace('project = "p"\n', "").replace('"password", user = "u", password_env', '"application-credential", id = "i", secret_env'),
    OPENSTACK.replace('project = "p"\n', "").replace('"password", user = "u", password_env',
                                                     '"application-credential", name = "i", user_id = "u", secret_env'),
    HUAWEI.replace('"password", user = "u", password_env', '"ak-sk", access_key = "a", secret_key_env'),
]

BAD_DAEMONS = [
    ('store = "postgres://db"', None),
    ('store = "sqlite::memory:"', None),
    ('listen = "localhost"', None),
    ('protect = ["9c61"]', None),
    ('protect = ["users:9c61"]', None),
    ("retry.attempts = 51", None),
    ('stop_within = "1M"', None),
    ('wake_token = "secret-secret-secret"', None),
    ('wake_token_file = "x"\nwake_token_env = "x"', None),
    ('listen = "localhost:9469"', ONE_TEXT),
    ('stop_within = "2h"', ONE_TEXT),
    ('protect = ["namespace:Team"]', ONE_TEXT),
    ('retry = { first_delay = "1h", longest_delay = "1m" }', TWO_KEYS),
    ('wake_token_env = "MISSING"', OTHER_FILES),
]
