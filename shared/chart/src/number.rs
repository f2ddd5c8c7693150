//! Numbers as text, and the round numbers of an axis.

/// A number with its thousands apart, such as `12 345`. The space is narrow and does not break (U+202F), as SI and Russian typography ask.
pub fn number(value: impl Into<u128>) -> String {
    let digits = value.into().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// The most intervals on an axis. More lines would be noise on a phone.
const INTERVALS: u128 = 5;

/// Round numbers from 0 to the first one not below `highest`: multiples of 1, 2 or 5 × 10ⁿ. At least two, at most six.
pub fn ticks(highest: u64) -> Vec<u128> {
    let highest = u128::from(highest).max(1);
    let mut power = 1;
    let step = loop {
        match [1, 2, 5].map(|factor| factor * power).into_iter().find(|step| highest.div_ceil(*step) <= INTERVALS) {
            Some(step) => break step,
            None => power *= 10,
        }
    };
    (0..=highest.div_ceil(step)).map(|index| index * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thousands_are_apart() {
        for (value, expected) in [(0u64, "0"), (999, "999"), (1000, "1 000"), (12_345, "12 345"), (1_234_567, "1 234 567")] {
            assert_eq!(number(value), expected.replace(' ', "\u{202f}"));
        }
    }

    #[test]
    fn ticks_are_round() {
        for (highest, expected) in [
            (0, vec![0, 1]),
            (1, vec![0, 1]),
            (5, vec![0, 1, 2, 3, 4, 5]),
            (6, vec![0, 2, 4, 6]),
            (11, vec![0, 5, 10, 15]),
            (48, vec![0, 10, 20, 30, 40, 50]),
            (51, vec![0, 20, 40, 60]),
            (1_000, vec![0, 200, 400, 600, 800, 1_000]),
        ] {
            assert_eq!(ticks(highest), expected, "{highest}");
        }
    }

    proptest! {
        #[test]
        fn ticks_hold_every_value_with_half_of_the_axis_used(highest in prop_oneof![any::<u64>(), 0u64..100, Just(u64::MAX)]) {
            let ticks = ticks(highest);
            prop_assert!((2..=6).contains(&ticks.len()));
            let (top, highest) = (ticks[ticks.len() - 1], u128::from(highest));
            prop_assert!(top >= highest.max(1) && top <= highest.max(1) * 2);
        }
    }
}
