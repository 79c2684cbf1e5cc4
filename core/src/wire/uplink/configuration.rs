//! A pushed configuration: put together from its parts, then answered.

use super::Event;
use crate::limits::{CONFIGURATION_MAX, WHY_MAX};
use crate::wire::message::ToManager;

#[derive(Debug)]
pub(super) struct Configuration<B> {
    memory: B,
    config: u64,
    /// None where it is longer than the memory.
    len: Option<usize>,
    answer: Option<Answer>,
}

#[derive(Debug)]
struct Answer {
    config: u64,
    refused: Option<heapless::String<WHY_MAX>>,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Configuration<B> {
    pub(super) fn new(memory: B) -> Self {
        Self { memory, config: 0, len: Some(0), answer: None }
    }

    /// The session is over. An answer would be to nobody: the next `Hello`
    /// says what is in use.
    pub(super) fn clear(&mut self) {
        self.len = Some(0);
        self.answer = None;
    }

    /// Takes a part; tells the whole when it is the last.
    pub(super) fn part(&mut self, config: u64, more: bool, text: &[u8], tell: &mut dyn FnMut(Event<'_>)) {
        if config != self.config {
            self.config = config;
            self.len = Some(0);
        }
        self.len = self.len.and_then(|len| self.append(len, text));
        if more {
            return;
        }
        match self.len.replace(0) {
            Some(len) => {
                let text = self.memory.as_ref().get(..len).unwrap_or_default();
                tell(Event::Configuration { config, text });
            }
            None => self.reply(config, Some("the configuration is longer than this agent's memory for it")),
        }
    }

    fn append(&mut self, len: usize, text: &[u8]) -> Option<usize> {
        let end = len.checked_add(text.len()).filter(|end| *end <= CONFIGURATION_MAX)?;
        self.memory.as_mut().get_mut(len..end)?.copy_from_slice(text);
        Some(end)
    }

    pub(super) fn reply(&mut self, config: u64, refused: Option<&str>) {
        let refused = refused.map(|why| {
            let mut kept = heapless::String::new();
            // As many whole characters as there is room for.
            let _ = why.chars().try_for_each(|character| kept.push(character));
            kept
        });
        self.answer = Some(Answer { config, refused });
    }

    /// What is to be said.
    pub(super) fn answer(&self) -> Option<ToManager<'_>> {
        let Answer { config, refused } = self.answer.as_ref()?;
        let config = *config;
        Some(match refused {
            Some(why) => ToManager::Refused { config, why },
            None => ToManager::Applied { config },
        })
    }

    /// It was said.
    pub(super) fn answered(&mut self) {
        self.answer = None;
    }
}
