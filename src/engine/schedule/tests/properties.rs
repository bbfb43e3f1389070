//! Lines, zones and moments at random, with the changes of the clock over-sampled.
//!
//! The oracle is `croner`, which implements crontab on its own. It agrees everywhere but in three
//! definitions, and each of them is asked for in croner's own terms, so that the comparison stays
//! exact:
//!
//! * croner takes several fixed times for an interval. A schedule of fixed times is compared with
//!   the earliest of the single times it consists of, each a schedule of its own.
//! * croner lets `*/2` count as a restricted day field. Where crontab(5) does not, croner is told
//!   to demand both day fields.
//! * croner drops a skipped fixed time if the first instant after the jump lies on a day that does
//!   not match. Such a fire must then be the only thing that croner's answers lack.

use std::collections::BTreeSet;

use croner::{Cron, JobType, parser::CronParser};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use proptest::{prelude::*, sample::select, test_runner::RngSeed};

use super::{
    super::{Schedule, field::Field, line::Line, resolve::Times},
    instant, schedule, walk, zone,
};

const ZONES: [&str; 14] = [
    "UTC",
    "Asia/Kolkata",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "America/Nuuk",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
];

/// A second, minute or hour field. Values lie close together, so that several meet one gap.
fn time_field(highest: u16) -> impl Strategy<Value = String> {
    let value = prop_oneof![0..=3u16, 0..=highest, Just(30.min(highest)), Just(highest)];
    prop_oneof![
        4 => value.clone().prop_map(|value| value.to_string()),
        2 => Just("*".to_owned()),
        2 => (1..=highest).prop_map(|step| format!("*/{step}")),
        1 => (value.clone(), value.clone()).prop_map(|(one, two)| format!("{one},{two}")),
        1 => (value.clone(), 0..=3u16)
            .prop_map(move |(first, more)| format!("{first}-{}", (first + more).min(highest))),
        1 => (value, 1..=highest).prop_map(move |(first, step)| {
            format!("{first}-{}/{step}", (first + 3 * step).min(highest))
        }),
    ]
}

fn day_of_month_field() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => Just("*".to_owned()),
        2 => (1..=31u16).prop_map(|day| day.to_string()),
        1 => (1..=31u16, 1..=31u16).prop_map(|(one, two)| format!("{one},{two}")),
        1 => (1..=20u16, 0..=11u16).prop_map(|(first, more)| format!("{first}-{}", first + more)),
        1 => (1..=30u16).prop_map(|step| format!("*/{step}")),
    ]
}

fn month_field() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => Just("*".to_owned()),
        1 => select(vec!["3", "mar,Oct", "SEP", "3-4,10-11", "*/3", "2"]).prop_map(str::to_owned),
    ]
}

fn day_of_week_field() -> impl Strategy<Value = String> {
    let fields = vec![
        "0", "7", "1", "6", "sun", "SAT", "0,6", "1-5", "5-7", "fri-sun", "0-6/2", "1-7/3", "*/2", "*/3",
        "*/7", "mon,Wed", "0-7",
    ];
    prop_oneof![
        1 => Just("*".to_owned()),
        1 => select(fields).prop_map(str::to_owned),
    ]
}

fn any_line() -> impl Strategy<Value = String> {
    let second = prop_oneof![
        6 => Just(None),
        1 => Just(Some("0".to_owned())),
        2 => time_field(59).prop_map(Some),
    ];
    let year = prop_oneof![6 => Just(None), 1 => Just(Some("2010-2045/1")), 1 => Just(Some("*"))];
    let time = (second, time_field(59), time_field(23));
    let day = (day_of_month_field(), month_field(), day_of_week_field(), year);
    (time, day).prop_map(
        |((second, minute, hour), (day_of_month, month, day_of_week, year))| {
            let five = format!("{minute} {hour} {day_of_month} {month} {day_of_week}");
            match (second, year) {
                (Some(second), Some(year)) => format!("{second} {five} {year}"),
                (Some(second), None) => format!("{second} {five}"),
                (None, _) => five,
            }
        },
    )
}

/// A zone and a moment in it, three times out of four within hours of a change of its clock.
fn any_zone_and_moment() -> impl Strategy<Value = (&'static str, Timestamp)> {
    let anywhere = 1_262_304_000..2_208_988_800_i64;
    let near = prop_oneof![
        (-6 * 60..6 * 60i64).prop_map(|minutes| minutes * 60),
        (-4..4i64).prop_map(|half_hours| half_hours * 1800 - 1),
        -30 * 3600..4 * 3600i64,
    ];
    (select(ZONES.to_vec()), anywhere, near, 0..4).prop_map(|(name, second, near, quarter)| {
        let moment = Timestamp::from_second(second).unwrap();
        let zone = zone(name);
        let change = zone.following(moment).next().filter(|_| quarter > 0);
        let moment = change.map_or(moment, |change| {
            change.timestamp() + SignedDuration::from_secs(near)
        });
        (name, moment)
    })
}

fn config(cases: u32) -> ProptestConfig {
    // A fixed seed makes a failure mean that the code changed.
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What croner makes of a line, with the differences of definition taken out.
struct Oracle {
    single_times: Vec<Cron>,
    zone: TimeZone,
}

impl Oracle {
    fn new(line_text: &str, zone: TimeZone) -> Oracle {
        let line = Line::parse(line_text).unwrap();
        let words: Vec<&str> = line_text.split(' ').collect();
        let seconds = usize::from(words.len() > 5);
        let (day_of_month, day_of_week) = (words[seconds + 2], words[seconds + 4]);
        let star_that_restricts = |field: &str| field.starts_with('*') && field != "*";
        let both = star_that_restricts(day_of_month) || star_that_restricts(day_of_week);
        let parser = CronParser::builder().dom_and_dow(both).build();
        let whole = parser.parse(line_text).unwrap();
        let is_interval = whole.determine_job_type() == JobType::IntervalWildcard;
        let single_times = if is_interval && Times::of(&line) == Times::Fixed {
            let days = words[seconds + 2..].join(" ");
            single_times(&line)
                .map(|time| parser.parse(&format!("{time} {days}")).unwrap())
                .collect()
        } else {
            vec![whole]
        };
        Oracle { single_times, zone }
    }

    fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let start = moment.to_zoned(self.zone.clone());
        self.single_times
            .iter()
            .filter_map(|cron| cron.find_next_occurrence(&start, false).ok())
            .map(|fire| fire.timestamp())
            .min()
    }
}

fn single_times(line: &Line) -> impl Iterator<Item = String> + '_ {
    let (seconds, minutes, hours) = (&line.second, &line.minute, &line.hour);
    seconds.values.iter().flat_map(move |second| {
        minutes.values.iter().flat_map(move |minute| {
            let hours = hours.values.iter();
            hours.map(move |hour| format!("{second} {minute} {hour}"))
        })
    })
}

/// Whether the clock jumps at `fire` from the end of one day into another.
fn jumps_into_another_day(zone: &TimeZone, fire: Timestamp) -> bool {
    let second = SignedDuration::from_secs(1);
    let before = zone.to_datetime(fire - second);
    let after = zone.to_datetime(fire);
    before + second < after && (before + second).date() != after.date()
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn croner_agrees((name, moment) in any_zone_and_moment(), line in any_line()) {
        // A day of month that the month lacks makes croner search for thousands of years, and it
        // refuses gaps of more than two hours.
        let schedule = schedule(&line, name);
        prop_assume!(schedule.check(moment).is_ok());
        prop_assume!(name != "Pacific/Apia" || moment > instant("2012-01-01T00:00:00Z"));
        let oracle = Oracle::new(&line, zone(name));
        let mut after = moment;
        for _ in 0..4 {
            let ours = schedule.next_after(after);
            let theirs = oracle.next_after(after);
            if ours != theirs {
                let fire = ours.expect("croner may lack a fire, not have one more");
                prop_assert_eq!(schedule.times, Times::Fixed);
                prop_assert!(jumps_into_another_day(schedule.zone(), fire), "{:?} {:?}", fire, theirs);
                prop_assert_eq!(oracle.next_after(fire), theirs);
            }
            let Some(fire) = ours else { break };
            after = fire;
        }
    }
}

/// Every fire in a window, found by looking at every minute of it.
fn fires_by_looking(schedule: &Schedule, from: Timestamp, minutes: i64) -> BTreeSet<Timestamp> {
    let zone = schedule.zone();
    let readings = |first: DateTime, end: DateTime| {
        std::iter::successors(Some(first), |reading| {
            Some(*reading + SignedDuration::from_mins(1))
        })
        .take_while(move |reading| *reading < end)
    };
    let minute = SignedDuration::from_mins(1);
    let moments = (1..=minutes).map(|count| from + SignedDuration::from_mins(count));
    moments
        .filter(|moment| {
            let reading = zone.to_datetime(*moment);
            let expected = zone.to_datetime(*moment - minute) + minute;
            let skipped = || readings(expected, reading).any(|reading| matches(schedule, reading));
            let first_pass = zone.to_ambiguous_timestamp(reading).earlier().unwrap();
            match schedule.times {
                Times::Interval => matches(schedule, reading),
                Times::Fixed => (matches(schedule, reading) && first_pass == *moment) || skipped(),
            }
        })
        .collect()
}

/// crontab(5) on a wall clock reading.
fn matches(schedule: &Schedule, reading: DateTime) -> bool {
    let line = &schedule.line;
    let has = |field: &Field, value: i8| field.values.contains(&(value as u16));
    let day_of_month = has(&line.day_of_month, reading.day());
    let weekday = reading.weekday().to_sunday_zero_offset();
    let day_of_week = has(&line.day_of_week, weekday);
    let either = !line.day_of_month.starts_with_star && !line.day_of_week.starts_with_star;
    let day = if either {
        day_of_month || day_of_week
    } else {
        day_of_month && day_of_week
    };
    let time = has(&line.minute, reading.minute()) && has(&line.hour, reading.hour());
    day && time && has(&line.month, reading.month())
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn looking_at_every_minute_finds_the_same_fires(
        (name, moment) in any_zone_and_moment(),
        minute in time_field(59),
        hour in time_field(23),
        day in (day_of_month_field(), month_field(), day_of_week_field()),
        near_apias_lost_day in 0..8,
    ) {
        let (name, moment) = match near_apias_lost_day {
            0 => ("Pacific/Apia", instant("2011-12-29T20:00:00Z")),
            _ => (name, moment),
        };
        let schedule = schedule(&format!("{minute} {hour} {} {} {}", day.0, day.1, day.2), name);
        let from = Timestamp::from_second(moment.as_second().div_euclid(60) * 60).unwrap();
        let minutes = 30 * 60;
        let until = from + SignedDuration::from_mins(minutes);
        let found: BTreeSet<Timestamp> = walk(&schedule, from)
            .take_while(|fire| *fire <= until)
            .collect();
        prop_assert_eq!(found, fires_by_looking(&schedule, from, minutes), "{}", schedule.line());
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn fires_grow_and_do_not_depend_on_where_the_search_began(
        (name, moment) in any_zone_and_moment(),
        line in any_line(),
        share in 0.0..1.0f64,
    ) {
        let schedule = schedule(&line, name);
        let mut after = moment;
        for fire in walk(&schedule, moment).take(20) {
            prop_assert!(fire > after);
            let between = fire.duration_since(after).mul_f64(share);
            prop_assert_eq!(schedule.next_after(after + between), Some(fire));
            after = fire;
        }
    }

    #[test]
    fn the_latest_fire_is_the_last_one_of_the_walk(
        (name, after) in any_zone_and_moment(),
        line in any_line(),
        window_ms in prop_oneof![0..5_000i64, 0..7_200_000i64, 0..100_000_000_000i64],
    ) {
        let schedule = schedule(&line, name);
        // A walk of at most fifty fires, cut at a random moment after the last of them.
        let walked: Vec<Timestamp> = walk(&schedule, after).take(50).collect();
        let now = after + SignedDuration::from_millis(window_ms);
        let now = walked.last().map_or(now, |last| now.min(*last));
        let expected = walked.iter().copied().rfind(|fire| *fire <= now);
        prop_assert_eq!(schedule.latest_in(after, now), expected);
    }

    #[test]
    fn no_text_makes_the_parser_panic_and_every_error_points_into_the_line(
        line in "([0-9*/,LW#?@a-z\u{a0}-]{0,5}[ \t\u{e9}]?){0,8}",
    ) {
        if let Err(error) = Schedule::parse(&line, TimeZone::UTC) {
            prop_assert!(line.get(error.span.clone()).is_some());
            prop_assert!(!error.message().ends_with('.'));
        }
    }
}
