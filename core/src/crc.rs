//! CRC-32 as Ethernet and zip compute it (polynomial 0x04C11DB7, reflected):
//! finds damage and torn writes, not malice.

/// The remainders of the sixteen half bytes: small enough for a router.
const NIBBLES: [u32; 16] = {
    let mut table = [0; 16];
    let mut at = 0;
    while at < 16 {
        let mut rest = at as u32;
        let mut bit = 0;
        while bit < 4 {
            rest = if rest & 1 == 1 { (rest >> 1) ^ 0xEDB8_8320 } else { rest >> 1 };
            bit += 1;
        }
        table[at] = rest;
        at += 1;
    }
    table
};

/// The checksum of all bytes.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, half: u32| (crc >> 4) ^ NIBBLES[(half & 15) as usize];
    !bytes.iter().fold(!0, |crc, byte| {
        let low = step(crc, crc ^ u32::from(*byte));
        step(low, low ^ (u32::from(*byte) >> 4))
    })
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_checksum_is_the_one_of_the_catalogue() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
