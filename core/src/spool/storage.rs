//! Where blocks are kept.

use crate::limits::BLOCK_SIZE;

/// The bytes of one block.
pub type BlockBytes = [u8; BLOCK_SIZE];

/// A place for blocks that have numbers from 0: memory, a file, flash.
///
/// A write that fails, or in which the power fails, may leave anything in its
/// own block, but must leave the others alone.
///
/// The spool counts records that an error has cost as lost and says no more of
/// it: a storage tells its host itself. While the first block of a life cannot
/// be written, nothing that is newer than what the storage holds is sent, so a
/// storage that stays broken should go on in memory.
pub trait Storage {
    /// Why a block cannot be read or written.
    type Error;

    /// How many blocks there are. Always the same.
    fn blocks(&self) -> usize;

    /// Reads a block.
    fn read(&mut self, block: usize, into: &mut BlockBytes) -> Result<(), Self::Error>;

    /// Writes a block. When this returns, the block outlives a power cut, as
    /// far as the storage is able to.
    fn write(&mut self, block: usize, from: &BlockBytes) -> Result<(), Self::Error>;
}

/// Blocks in memory: they outlive a broken connection, not the process.
#[derive(Debug)]
pub struct Ram<M>(
    /// The memory; bytes beyond the last whole block are not used.
    pub M,
);

/// There is no such block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchBlock;

impl<M: AsRef<[u8]> + AsMut<[u8]>> Storage for Ram<M> {
    type Error = NoSuchBlock;

    fn blocks(&self) -> usize {
        self.0.as_ref().len() / BLOCK_SIZE
    }

    fn read(&mut self, block: usize, into: &mut BlockBytes) -> Result<(), NoSuchBlock> {
        let (blocks, _) = self.0.as_ref().as_chunks();
        *into = *blocks.get(block).ok_or(NoSuchBlock)?;
        Ok(())
    }

    fn write(&mut self, block: usize, from: &BlockBytes) -> Result<(), NoSuchBlock> {
        let (blocks, _) = self.0.as_mut().as_chunks_mut();
        *blocks.get_mut(block).ok_or(NoSuchBlock)? = *from;
        Ok(())
    }
}
