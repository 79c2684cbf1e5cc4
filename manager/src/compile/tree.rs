//! The rule tree while it is built: where each rule hangs.
//!
//! A rule may hang at several places; each is a node of its own, all share the
//! rule. Siblings are sorted by level, highest first (level 0 counts as the
//! highest), rules of equal level in the order of loading (OSSEC 4.3).

use crate::pattern::word_match;
use std::collections::HashMap;

/// A rule's number in the order of loading.
pub(super) type RuleIndex = usize;

/// A node's number.
pub(super) type NodeIndex = usize;

/// What the tree needs to know of a rule.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// The id that users know.
    pub(super) id: u32,
    /// Decides the place among siblings.
    pub(super) sort_key: u32,
    /// All its groups in one text.
    pub(super) groups: Vec<u8>,
    /// Number of an [`bartizan_core::event::Category`].
    pub(super) category: u8,
}

/// A place in the tree.
#[derive(Debug)]
pub(super) struct Node {
    /// The rule.
    pub(super) rule: RuleIndex,
    /// Its children in the order in which they are tried.
    pub(super) children: Vec<NodeIndex>,
    /// Distance from the roots.
    pub(super) depth: usize,
}

/// The tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    leaves: Vec<Leaf>,
    /// The first rule of each id.
    ids: HashMap<u32, RuleIndex>,
    /// The nodes of each rule, in the order in which they were made.
    places: Vec<Vec<NodeIndex>>,
    /// Steps that have been taken to find parents.
    steps: u64,
    /// All nodes.
    pub(super) nodes: Vec<Node>,
    /// The roots in order.
    pub(super) roots: Vec<NodeIndex>,
}

/// Why a rule could not be hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttachError {
    /// No rule has this id, or is named by the condition.
    NoParent,
    /// The rule would hang deeper than an image can be.
    TooDeep,
    /// A rule would have more children than an image can hold.
    TooManyChildren,
    /// The tree would have more than [`NODES_MAX`] nodes.
    TooLarge,
    /// Finding the parents of all rules takes more than [`STEPS_MAX`].
    TooSlow,
}

/// Nodes that a tree can have. Stock rulesets have 1,300 and 17,000.
pub(super) const NODES_MAX: usize = 200_000;

/// Steps to find the parents of all rules, of about ten nanoseconds each.
/// Stock rulesets take a few millions.
const STEPS_MAX: u64 = 300_000_000;

/// A pattern costs this many times what words cost.
const MATCH_STEPS: u64 = 20;

/// What it costs to look for words in a text of groups.
fn steps_of(words: &[u8], groups: &[u8]) -> u64 {
    let words = 1 + memchr::memchr_iter(b'|', words).count() as u64;
    1 + words * groups.len() as u64 / 16
}

impl Tree {
    /// The first rule, in order of the walk, with an id.
    pub(super) fn find(&self, id: u32) -> Option<RuleIndex> {
        self.ids.get(&id).copied()
    }

    /// The rules whose groups satisfy `wanted`, which looks for `words`, each
    /// with the number of its places.
    pub(super) fn rules_with_groups(
        &mut self,
        words: &[u8],
        mut wanted: impl FnMut(&[u8]) -> bool,
    ) -> Result<Vec<(RuleIndex, usize)>, AttachError> {
        let mut found = Vec::new();
        for (rule, leaf) in self.leaves.iter().enumerate() {
            let places = self.places[rule].len();
            self.steps += MATCH_STEPS * steps_of(words, &leaf.groups);
            if self.steps > STEPS_MAX {
                return Err(AttachError::TooSlow);
            }
            if places > 0 && wanted(&leaf.groups) {
                found.push((rule, places));
            }
        }
        Ok(found)
    }

    /// Makes a rule known; it hangs nowhere yet.
    pub(super) fn add(&mut self, leaf: Leaf) -> RuleIndex {
        let rule = self.leaves.len();
        self.ids.entry(leaf.id).or_insert(rule);
        self.leaves.push(leaf);
        self.places.push(Vec::new());
        rule
    }

    /// Forgets the rule that was made known last if it hangs nowhere.
    pub(super) fn forget_if_loose(&mut self, rule: RuleIndex) -> bool {
        let is_loose = self.places[rule].is_empty() && rule + 1 == self.leaves.len();
        if is_loose {
            self.places.pop();
            let leaf = self.leaves.pop();
            self.ids.retain(|id, known| leaf.as_ref().is_none_or(|leaf| leaf.id != *id || *known != rule));
        }
        is_loose
    }

    /// What is known of a rule.
    pub(super) fn leaf_mut(&mut self, rule: RuleIndex) -> &mut Leaf {
        &mut self.leaves[rule]
    }

    /// Makes a rule a root.
    pub(super) fn add_root(&mut self, rule: RuleIndex) -> Result<(), AttachError> {
        let node = self.node(rule, 0)?;
        let at = self.place(&self.roots, rule);
        self.roots.insert(at, node);
        Ok(())
    }

    /// Hangs a rule under another by id. In each list of siblings the walk
    /// ends at the first place of the parent, so of the parent's places some
    /// may be left out (OSSEC 4.3). The rule takes the parent's category.
    pub(super) fn attach_by_id(&mut self, rule: RuleIndex, parent: u32) -> Result<(), AttachError> {
        let parent = self.find(parent).ok_or(AttachError::NoParent)?;
        let mut places = self.places[parent].clone();
        if places.len() > 1 {
            places.clear();
            let steps = self.walk_to(&self.roots, parent, &mut places);
            self.step(steps)?;
        }
        self.attach_all(rule, &places)?;
        self.leaves[rule].category = self.leaves[parent].category;
        Ok(())
    }

    /// Collects the places of a rule that the walk comes to; gives the number
    /// of nodes that were looked at.
    fn walk_to(&self, siblings: &[NodeIndex], parent: RuleIndex, places: &mut Vec<NodeIndex>) -> u64 {
        let mut steps = 0;
        for node in siblings {
            steps += 1;
            if self.nodes[*node].rule == parent {
                places.push(*node);
                break;
            }
            steps += self.walk_to(&self.nodes[*node].children, parent, places);
        }
        steps
    }

    fn step(&mut self, steps: u64) -> Result<(), AttachError> {
        self.steps += steps;
        if self.steps > STEPS_MAX { Err(AttachError::TooSlow) } else { Ok(()) }
    }

    /// Hangs a rule under every rule whose sort key is at least a level's.
    pub(super) fn attach_by_level(&mut self, rule: RuleIndex, level: u32) -> Result<(), AttachError> {
        self.attach_where(rule, b"", |leaf| leaf.sort_key >= level.saturating_mul(100))
    }

    /// Hangs a rule under every rule whose groups contain a word.
    pub(super) fn attach_by_group(&mut self, rule: RuleIndex, words: &[u8]) -> Result<(), AttachError> {
        self.attach_where(rule, words, |leaf| word_match(words, &leaf.groups))
    }

    fn attach_where(
        &mut self,
        rule: RuleIndex,
        words: &[u8],
        wanted: impl Fn(&Leaf) -> bool,
    ) -> Result<(), AttachError> {
        let mut places = Vec::new();
        for parent in (0..self.leaves.len()).filter(|parent| *parent != rule) {
            self.step(steps_of(words, &self.leaves[parent].groups))?;
            if !self.places[parent].is_empty() && wanted(&self.leaves[parent]) {
                places.extend_from_slice(&self.places[parent]);
            }
        }
        places.sort_unstable();
        self.attach_all(rule, &places)
    }

    /// Hangs a rule under the first root of its own category.
    pub(super) fn attach_by_category(&mut self, rule: RuleIndex) -> Result<(), AttachError> {
        let category = self.leaves[rule].category;
        let of_category = |root: &&NodeIndex| self.leaves[self.nodes[**root].rule].category == category;
        let root = self.roots.iter().find(of_category).copied();
        self.attach_all(rule, root.as_slice())
    }

    fn attach_all(&mut self, rule: RuleIndex, places: &[NodeIndex]) -> Result<(), AttachError> {
        for parent in places {
            if self.nodes[*parent].children.len() >= usize::from(u16::MAX) {
                return Err(AttachError::TooManyChildren);
            }
            let node = self.node(rule, self.nodes[*parent].depth + 1)?;
            let at = self.place(&self.nodes[*parent].children, rule);
            self.nodes[*parent].children.insert(at, node);
        }
        if places.is_empty() { Err(AttachError::NoParent) } else { Ok(()) }
    }

    fn node(&mut self, rule: RuleIndex, depth: usize) -> Result<NodeIndex, AttachError> {
        if depth + 1 >= bartizan_core::limits::RULE_DEPTH_MAX {
            return Err(AttachError::TooDeep);
        }
        if self.nodes.len() >= NODES_MAX {
            return Err(AttachError::TooLarge);
        }
        let node = self.nodes.len();
        self.nodes.push(Node { rule, children: Vec::new(), depth });
        self.places[rule].push(node);
        Ok(node)
    }

    /// Where a rule stands among siblings: behind those of its own key.
    fn place(&self, siblings: &[NodeIndex], rule: RuleIndex) -> usize {
        let key = self.leaves[rule].sort_key;
        siblings.partition_point(|node| self.leaves[self.nodes[*node].rule].sort_key >= key)
    }

    /// Nodes in the order of an image: families together, in the order of
    /// their parents.
    pub(super) fn breadth_first(&self) -> Vec<NodeIndex> {
        let mut order = self.roots.clone();
        let mut next = 0;
        while let Some(node) = order.get(next) {
            order.extend(&self.nodes[*node].children);
            next += 1;
        }
        order
    }
}
