//! The codes that the services give to what goes wrong, and the meaning of
//! each, as data.

use self::Meaning::{
    Conflict, Forbidden, Locked, NoSuchUrl, NotThere, Refused, Throttled, Unauthenticated, Unavailable,
    WrongId,
};

/// What becomes of a call is another thing: the same meaning is answered
/// differently with a token and with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    NotThere,
    WrongId,
    /// No such URL: a fault of this program, or another host than was meant.
    NoSuchUrl,
    /// Of a token or a signature.
    Unauthenticated,
    /// 401, and no other token would help.
    Forbidden,
    /// The account or the key is: asking on keeps it so.
    Locked,
    Throttled,
    Refused,
    Conflict,
    Unavailable,
}

/// What a code with its prefix means, or `None` where nobody knows.
pub fn by_code(code: &str) -> Option<Meaning> {
    // Some predecessors of the registry leave the prefix out.
    let (prefix, digits) = code.rsplit_once('.').unwrap_or(("SVCSTG.SWR", code));
    let table = match prefix {
        "APIGW" | "APIG" => GATEWAY,
        "IAM" => IDENTITY,
        "IMG" => IMAGES,
        "SVCSTG.SWR" | "SVCSTG.S2I" => REGISTRY,
        _ => return None,
    };
    let row = table.iter().find(|(_, codes)| codes.contains(&digits));
    row.map(|(meaning, _)| *meaning)
}

/// Of the gateway, whatever its prefix is.
pub const GATEWAY: &[(Meaning, &[&str])] = &[
    (NoSuchUrl, &["0101"]),
    (Unauthenticated, &["0301", "0305", "0307"]),
    (Refused, &["0302", "0306", "0310", "0401", "0402", "0405", "0802"]),
    (Throttled, &["0308"]),
    (Unavailable, &["0601", "0613"]),
];

/// `IAM.…`
pub const IDENTITY: &[(Meaning, &[&str])] = &[
    (
        Unauthenticated,
        &[
            "0001", "0062", "0066", "0067", "0080", "0081", "0082", "0083", "1105", "1107", "1108",
        ],
    ),
    (Locked, &["0061"]),
    (Refused, &["0002", "0003", "0009"]),
    (NotThere, &["0004"]),
    (Conflict, &["0005"]),
    (Throttled, &["0012"]),
    (Unavailable, &["0006", "0020"]),
];

/// `IMG.…`
pub const IMAGES: &[(Meaning, &[&str])] = &[
    // 0023 is of a job: it is over, forgotten, or for the lists to tell about.
    (NotThere, &["0027", "0086", "0121", "0144", "0023"]),
    // 0113, a member that could not be removed, may be the answer for a share
    // that is not there: it is about the pair, and not about the cloud.
    (WrongId, &["0031", "0066", "0067", "0108", "0113"]),
    (Throttled, &["0060", "0187"]),
    (Unauthenticated, &["0087", "0030"]),
    (
        Refused,
        &[
            "0001", "0007", "0026", "0028", "0047", "0076", "0088", "0089", "0092", "0094", "0098", "0105",
            "0106", "0135", "0177", "0178",
        ],
    ),
    // What became of it is for another look at the list to say.
    (Unavailable, &["0018", "0112", "0114", "0061"]),
    (Conflict, &["0046", "0090", "0148", "0176"]),
];

/// A code of the registry without its prefix.
pub const REGISTRY_DIGITS: usize = 7;

/// `SVCSTG.SWR.…` and `SVCSTG.S2I.…`
pub const REGISTRY: &[(Meaning, &[&str])] = &[
    (
        NotThere,
        &[
            "4001090", "4040091", "4040078", "4040010", "4040113", "4040009", "4040058", "4041061",
            "4040048", "4040115", "4041056",
        ],
    ),
    (NoSuchUrl, &["4040083"]),
    (Unauthenticated, &["4000031", "4001048", "4010000", "4019000"]),
    (Forbidden, &["4011064", "4011044"]),
    (Throttled, &["4031032", "4031042"]),
    (
        Refused,
        &[
            "4000014", "4000056", "4001025", "4001028", "4001029", "4001065", "4001066", "4001067",
            "4001091", "4039001", "4039002", "4037017", "4037018", "4037020", "4030170", "4031033",
            "4060012", "4060074",
        ],
    ),
    (Conflict, &["4090076", "4090089"]),
    (
        Unavailable,
        &[
            "4090023", "5000077", "5000078", "5000079", "5000080", "5000081", "5000090", "5000091",
            "5000092", "5000093", "5070070",
        ],
    ),
];
