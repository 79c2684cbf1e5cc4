//! Frames in a byte stream: a length of two bytes, big-endian, then as many
//! bytes, which are one Noise message.
//!
//! A frame is handed out where it was received. Only the beginning of a frame
//! that does not end in the memory lent is moved, to the memory's start.

/// Bytes of the length in front of a frame.
pub const HEAD: usize = 2;

/// Bytes of the shortest frame: the tag of an empty Noise message.
pub const FRAME_MIN: usize = 16;

/// What stands in front of a frame of this many bytes.
pub fn head(len: u16) -> [u8; HEAD] {
    len.to_be_bytes()
}

/// Why a stream of frames ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Shorter than any message.
    Short,
    /// Longer than the memory lent.
    Long,
}

/// The frames of one connection. `M` is memory of the host's: for all frames
/// that are possible, [`HEAD`] and 65,535 bytes.
#[derive(Debug)]
pub struct Frames<M> {
    memory: M,
    start: usize,
    end: usize,
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Frames<M> {
    /// No bytes yet.
    pub fn new(memory: M) -> Self {
        Self { memory, start: 0, end: 0 }
    }

    /// Forgets all bytes: another connection begins.
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Where the host reads to. Not empty, if [`Frames::next_frame`] was
    /// called until it had none.
    pub fn space(&mut self) -> &mut [u8] {
        let memory = self.memory.as_mut();
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == memory.len() {
            memory.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        memory.get_mut(self.end..).unwrap_or_default()
    }

    /// The host has read this many bytes to [`Frames::space`].
    pub fn filled(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.memory.as_ref().len());
    }

    /// The next whole frame, without its length.
    pub fn next_frame(&mut self) -> Result<Option<&mut [u8]>, FrameError> {
        let memory = self.memory.as_mut();
        let size = memory.len();
        let Some((head, rest)) =
            memory.get_mut(self.start..self.end).and_then(|new| new.split_first_chunk_mut())
        else {
            return Ok(None);
        };
        let len = usize::from(u16::from_be_bytes(*head));
        if len < FRAME_MIN {
            return Err(FrameError::Short);
        }
        if HEAD + len > size {
            return Err(FrameError::Long);
        }
        let frame = rest.get_mut(..len);
        self.start += if frame.is_some() { HEAD + len } else { 0 };
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn stream(lens: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, len) in lens.iter().enumerate() {
            bytes.extend(head(*len as u16));
            bytes.extend(std::vec![number as u8; *len]);
        }
        bytes
    }

    /// Reads a stream in pieces, each as large as there is room for.
    fn read(bytes: &[u8], piece: usize, memory: usize) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut frames = Frames::new(std::vec![0; memory]);
        let mut found = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let space = frames.space();
            assert!(!space.is_empty(), "no space and no frame");
            let len = piece.min(space.len()).min(rest.len());
            space[..len].copy_from_slice(&rest[..len]);
            rest = &rest[len..];
            frames.filled(len);
            while let Some(frame) = frames.next_frame()? {
                found.push(frame.to_vec());
            }
        }
        Ok(found)
    }

    #[test]
    fn frames_are_found_wherever_the_stream_is_cut() {
        let lens = [16, 98, 17, 40, 98, 98, 16];
        let expected: Vec<_> = lens.iter().enumerate().map(|(n, len)| std::vec![n as u8; *len]).collect();
        for piece in 1..300 {
            assert_eq!(read(&stream(&lens), piece, 100).as_deref(), Ok(&expected[..]), "pieces of {piece}");
        }
    }

    #[test]
    fn a_frame_that_cannot_be_is_an_error() {
        assert_eq!(read(&stream(&[20, 99]), 7, 100), Err(FrameError::Long));
        assert_eq!(read(&stream(&[20, 15]), 7, 100), Err(FrameError::Short));
        assert_eq!(read(&[0, 0], 1, 100), Err(FrameError::Short));
    }

    #[test]
    fn a_new_connection_begins_with_a_length() {
        let mut frames = Frames::new([0; 64]);
        frames.space()[..3].copy_from_slice(&[0, 40, 1]);
        frames.filled(3);
        frames.clear();
        let bytes = stream(&[16]);
        frames.space()[..18].copy_from_slice(&bytes);
        frames.filled(18);
        assert_eq!(frames.next_frame().map(|frame| frame.map(|frame| frame.len())), Ok(Some(16)));
    }
}
