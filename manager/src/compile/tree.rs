//! The rule tree while it is built: where each rule hangs.
//!
//! A rule may hang at several places; each is a node of its own, all share the
//! rule. Siblings are sorted by level, highest first (level 0 counts as the
//! highest), rules of equal level in the order of loading (OSSEC 4.3).

use crate::pattern::word_match;

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
    /// All nodes.
    pub(super) nodes: Vec<Node>,
    /// The roots in order.
    pub(super) roots: Vec<NodeIndex>,
}

/// Why a rule could not be hung up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AttachError {
    /// No rule has this id, or is named by the condition.
    NoParent,
    /// The tree would be deeper or larger than an image can be.
    TooLarge,
}

/// Nodes that a tree can have. Stock rulesets have 1,300 and 17,000.
const NODES_MAX: usize = 200_000;

impl Tree {
    /// The first rule, in order of the walk, with an id.
    pub(super) fn find(&self, id: u32) -> Option<RuleIndex> {
        self.leaves.iter().position(|leaf| leaf.id == id)
    }

    /// Numbers of the rules of all nodes whose groups satisfy `wanted`, one
    /// for each node: a rule at several places is named several times.
    pub(super) fn rules_with_groups(&self, mut wanted: impl FnMut(&[u8]) -> bool) -> Vec<RuleIndex> {
        self.nodes.iter().map(|node| node.rule).filter(|rule| wanted(&self.leaves[*rule].groups)).collect()
    }

    /// Makes a rule known; it hangs nowhere yet.
    pub(super) fn add(&mut self, leaf: Leaf) -> RuleIndex {
        self.leaves.push(leaf);
        self.leaves.len() - 1
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
        let mut places = Vec::new();
        self.places_of(&self.roots, parent, &mut places);
        self.attach_all(rule, &places)?;
        let first = places.first().ok_or(AttachError::NoParent)?;
        self.leaves[rule].category = self.leaves[self.nodes[*first].rule].category;
        Ok(())
    }

    fn places_of(&self, siblings: &[NodeIndex], parent: u32, places: &mut Vec<NodeIndex>) {
        for node in siblings {
            if self.leaves[self.nodes[*node].rule].id == parent {
                places.push(*node);
                return;
            }
            self.places_of(&self.nodes[*node].children, parent, places);
        }
    }

    /// Hangs a rule under every rule whose sort key is at least a level's.
    pub(super) fn attach_by_level(&mut self, rule: RuleIndex, level: u32) -> Result<(), AttachError> {
        self.attach_where(rule, |leaf| leaf.sort_key >= level * 100)
    }

    /// Hangs a rule under every rule whose groups contain a word.
    pub(super) fn attach_by_group(&mut self, rule: RuleIndex, words: &[u8]) -> Result<(), AttachError> {
        self.attach_where(rule, |leaf| word_match(words, &leaf.groups))
    }

    fn attach_where(&mut self, rule: RuleIndex, wanted: impl Fn(&Leaf) -> bool) -> Result<(), AttachError> {
        let fits = |node: &&NodeIndex| {
            let parent = self.nodes[**node].rule;
            parent != rule && wanted(&self.leaves[parent])
        };
        let all: Vec<_> = (0..self.nodes.len()).collect();
        let places: Vec<_> = all.iter().filter(fits).copied().collect();
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
            let node = self.node(rule, self.nodes[*parent].depth + 1)?;
            let at = self.place(&self.nodes[*parent].children, rule);
            self.nodes[*parent].children.insert(at, node);
        }
        if places.is_empty() { Err(AttachError::NoParent) } else { Ok(()) }
    }

    fn node(&mut self, rule: RuleIndex, depth: usize) -> Result<NodeIndex, AttachError> {
        if depth + 1 >= bartizan_core::limits::RULE_DEPTH_MAX || self.nodes.len() >= NODES_MAX {
            return Err(AttachError::TooLarge);
        }
        self.nodes.push(Node { rule, children: Vec::new(), depth });
        Ok(self.nodes.len() - 1)
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
