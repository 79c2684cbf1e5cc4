//! What must outlive the process: every response that is in force.
//!
//! The host lends a file that grows at its end, and that can be replaced by a
//! second one in one step. What stands in it, and when it is written anew, is
//! none of the host's business.

/// The journal could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// A file that grows at its end: in a folder, in flash, in memory.
pub trait Journal {
    /// Opens what there is, which may be nothing. Called first, and again
    /// after it failed, or after reading did before all was read once; till
    /// then nothing is replaced.
    fn open(&mut self) -> Result<(), Failed>;

    /// Bytes that there are, those of a write that failed midway included.
    fn len(&self) -> u32;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads exactly so many bytes from a place on; there are so many.
    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Failed>;

    /// Adds bytes at the end. If it fails, or the power does, any number of
    /// them may be there. It should fail where the file would become larger
    /// than the host likes: then orders are refused.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Failed>;

    /// When this returns, all that was added outlives a power cut.
    fn sync(&mut self) -> Result<(), Failed>;

    /// Begins a second file, empty; what there was of an earlier one goes.
    fn begin_second(&mut self) -> Result<(), Failed>;

    /// Adds bytes at the end of the second file.
    fn append_second(&mut self, bytes: &[u8]) -> Result<(), Failed>;

    /// Brings the second file to disk and puts it in the place of the first,
    /// in one step. If it fails, the first is still the one that is used.
    fn replace(&mut self) -> Result<(), Failed>;
}
