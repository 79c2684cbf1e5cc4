//! From what has been read to the tables of an image.

use super::decoders::{Decoder, Decoders};
use super::openings::openings;
use super::rules::{Condition, Loaded};
use super::write::{Heads, ImageWriter, TextTable, append};
use super::{Compiled, Files, Loading, Settings};
use crate::pattern::PatternSet;
use bartizan_core::image::rows::{
    ConditionRow, DecoderRow, InfoRow, NONE, NodeRow, OrderRow, RangeRow, RuleRow, SettingsRow, TextRow,
    condition, condition_flag, search,
};
use bartizan_core::image::{Dialect, Table};
use bartizan_core::rules::address::AddressRow;
use bartizan_core::rules::history::Key;
use zerocopy::little_endian::{I16, U16, U32};

#[derive(Debug)]
struct Tables {
    text: TextTable,
    order: Vec<OrderRow>,
    index: Vec<U16>,
    conditions: Vec<ConditionRow>,
    addresses: Vec<AddressRow>,
    infos: Vec<InfoRow>,
    /// Names of dynamic fields: those first that rules compare.
    names: Vec<Vec<u8>>,
    /// Number of lists by a rule's id: lists of groups stand behind them.
    id_lists: u16,
}

/// Writes the image of a ruleset without errors.
pub(super) fn image(
    patterns: PatternSet,
    decoders: &Decoders,
    loading: Loading,
    files: &Files,
    settings: &Settings,
) -> Compiled {
    let patterns = patterns.finish();
    let mut index = Vec::new();
    let openings = openings(&mut index, &patterns.patterns(), decoders);
    let mut tables = Tables {
        text: TextTable::behind(patterns.text),
        order: Vec::new(),
        index,
        conditions: Vec::new(),
        addresses: Vec::new(),
        infos: Vec::new(),
        names: loading.names.clone(),
        id_lists: loading.id_lists,
    };
    let decoder_rows: Vec<_> = decoders.all.iter().map(|decoder| tables.decoder(decoder)).collect();
    let roots = |tables: &mut Tables, roots: &[usize]| tables.references(roots);
    let program_roots = roots(&mut tables, &decoders.program_roots);
    let plain_roots = roots(&mut tables, &decoders.plain_roots);
    let rule_rows: Vec<_> = loading.rules.iter().map(|rule| tables.rule(rule)).collect();
    let (nodes, asked) = nodes(&loading);
    let lists: Vec<TextRow> = files.lists.iter().map(|name| tables.text.add(name)).collect();
    let names: Vec<TextRow> = tables.names.iter().map(|name| tables.text.add(name)).collect();

    let mut writer = ImageWriter::new();
    writer.set(Table::Sets, &patterns.sets);
    writer.set(Table::Code, &patterns.code);
    writer.set(Table::Patterns, &patterns.rows);
    writer.set(Table::Decoders, &decoder_rows);
    writer.set(Table::Order, &tables.order);
    writer.set(Table::Index, &tables.index);
    writer.set(Table::Rules, &rule_rows);
    writer.set(Table::Nodes, &nodes);
    writer.set(Table::Asked, &asked);
    writer.set(Table::Conditions, &tables.conditions);
    writer.set(Table::Addresses, &tables.addresses);
    writer.set(Table::Infos, &tables.infos);
    writer.set(Table::Lists, &lists);
    writer.set(Table::Names, &names);
    writer.set(Table::Openings, &openings);
    writer.set(Table::Text, &tables.text.into_bytes());
    let image = writer.finish(Heads {
        dialect: settings.dialect,
        program_roots,
        plain_roots,
        roots: loading.tree.roots.len() as u16,
        settings: settings_row(&loading, settings),
    });
    Compiled { image, lists: files.lists.clone(), sources: loading.sources, decoders: decoders.all.len() }
}

fn settings_row(loading: &Loading, settings: &Settings) -> SettingsRow {
    let rules = || loading.rules.iter().map(|loaded| &loaded.rule);
    // Wazuh counts the events of one agent, and keeps them all.
    let (bounded_lists, agent) = match settings.dialect {
        Dialect::Ossec => (loading.id_lists, 0),
        Dialect::Wazuh => (0, Key::Agent.bit()),
    };
    SettingsRow {
        lists: U16::new(loading.id_lists + loading.group_lists),
        bounded_lists: U16::new(bounded_lists),
        bounded_len: U32::new(settings.sid_prev_matched_max),
        frequency_max: U32::new(rules().map(|rule| rule.frequency.into()).max().unwrap_or(0)),
        keys: U32::new(rules().fold(agent, |keys, rule| keys | rule.same | rule.different | rule.distinct)),
        names: U16::new(loading.names.len() as u16),
    }
}

/// The tree in the order of an image, one family behind the other, and the
/// decoders that it asks for.
fn nodes(loading: &Loading) -> (Vec<NodeRow>, Vec<U16>) {
    let order = loading.tree.breadth_first();
    let mut next = loading.tree.roots.len();
    let row = |node: &usize| {
        let node = &loading.tree.nodes[*node];
        let rule = &loading.rules[node.rule].rule;
        let children = RangeRow { start: U32::new(next as u32), len: U16::new(node.children.len() as u16) };
        next += node.children.len();
        let row = NodeRow {
            rule: U16::new(node.rule as u16),
            gate: U16::new(rule.gate()),
            depth: node.depth as u8,
            reserved: 0,
            children,
        };
        (row, U16::new(rule.decoder()))
    };
    order.iter().map(row).unzip()
}

impl Tables {
    fn references(&mut self, numbers: &[usize]) -> RangeRow {
        append(&mut self.index, numbers.iter().map(|n| U16::new(*n as u16)))
    }

    fn decoder(&mut self, decoder: &Decoder) -> DecoderRow {
        let names: Vec<_> = decoder.order.iter().map(|item| self.text.add(&item.name)).collect();
        let items = decoder.order.iter().zip(names);
        let order = append(
            &mut self.order,
            items.map(|(item, name)| OrderRow { field: item.field, in_key: item.in_key.into(), name }),
        );
        DecoderRow {
            own_name: self.text.add(&decoder.name),
            name: self.text.add(&decoder.shown),
            parent: self.text.add(decoder.parent.as_deref().unwrap_or(b"")),
            id: U16::new(decoder.id),
            category: decoder.category,
            flags: decoder.flags,
            program: U16::new(decoder.program),
            prematch: U16::new(decoder.prematch),
            regex: U16::new(decoder.regex),
            prematch_from: decoder.prematch_from,
            regex_from: decoder.regex_from,
            plugin: decoder.plugin,
            plugin_from: decoder.plugin_from,
            fts: U16::new(decoder.fts),
            order,
            children: self.references(&decoder.children),
        }
    }

    fn rule(&mut self, loaded: &Loaded) -> RuleRow {
        let rule = &loaded.rule;
        let own: Vec<_> = rule.conditions().map(|condition| self.condition(condition)).collect();
        let memory: Vec<_> = rule.memory().iter().map(|condition| self.condition(condition)).collect();
        let group = loaded.search == search::GROUP;
        let search_in = if group { loaded.search_in + self.id_lists } else { loaded.search_in };
        let infos = self.infos(&rule.infos);
        RuleRow {
            id: U32::new(rule.id),
            flags: U32::new(rule.flags),
            level: U16::new(rule.effective_level()),
            category: rule.category,
            search: loaded.search,
            search_in: U16::new(search_in),
            frequency: U16::new(rule.frequency),
            timeframe: U32::new(rule.timeframe),
            ignore: U32::new(rule.ignore),
            same: U32::new(rule.same),
            different: U32::new(rule.different),
            distinct: U32::new(rule.distinct),
            same_fields: self.names(&rule.same_fields),
            different_fields: self.names(&rule.different_fields),
            ignore_keys: U16::new(rule.ignore_keys),
            check_ignored_keys: U16::new(rule.check_ignored_keys),
            conditions: append(&mut self.conditions, own),
            memory: append(&mut self.conditions, memory),
            feeds: self.feeds(loaded),
            groups: self.text.add(&rule.groups),
            description: self.text.add_option(rule.description.as_deref()),
            infos,
            mitre: self.text.add(&rule.mitre.join(&b',')),
            cve: self.text.add(&rule.cve),
            info: self.text.add(&rule.info),
        }
    }

    fn infos(&mut self, infos: &[(u8, Vec<u8>)]) -> RangeRow {
        let rows: Vec<_> =
            infos.iter().map(|(kind, text)| InfoRow { kind: *kind, text: self.text.add(text) }).collect();
        append(&mut self.infos, rows)
    }

    fn names(&mut self, names: &[Vec<u8>]) -> RangeRow {
        let rows: Vec<_> = names.iter().map(|name| U16::new(self.name(name))).collect();
        append(&mut self.index, rows)
    }

    /// The row of a name.
    fn name(&mut self, name: &[u8]) -> u16 {
        let known = self.names.iter().position(|known| known.eq_ignore_ascii_case(name));
        known.unwrap_or_else(|| {
            self.names.push(name.to_vec());
            self.names.len() - 1
        }) as u16
    }

    /// QUIRK: a rule whose events others search by its id feeds no group.
    fn feeds(&mut self, loaded: &Loaded) -> RangeRow {
        let behind = self.id_lists;
        match loaded.own_list {
            Some(list) => append(&mut self.index, [U16::new(list)]),
            None => append(&mut self.index, loaded.group_lists.iter().map(|list| U16::new(list + behind))),
        }
    }

    fn condition(&mut self, condition: &Condition) -> ConditionRow {
        let row = |kind, option, a, b, c| ConditionRow {
            kind,
            option,
            flags: 0,
            a: U16::new(a),
            b: U32::new(b),
            c: I16::new(c),
            d: U16::ZERO,
        };
        let flags = |negated: bool| if negated { condition_flag::NEGATED } else { 0 };
        match condition {
            Condition::DecodedAs(id) => row(condition::DECODED_AS, 0, *id, 0, 0),
            Condition::Pattern { subject, pattern, negated } => {
                ConditionRow { flags: flags(*negated), ..row(condition::PATTERN, *subject, *pattern, 0, 0) }
            }
            Condition::Action { text, negated } => {
                let row = ConditionRow { flags: flags(*negated), ..row(condition::ACTION, 0, NONE, 0, 0) };
                self.named(row, text)
            }
            Condition::Field { name, pattern, negated } => {
                let row = ConditionRow { flags: flags(*negated), ..row(condition::FIELD, 0, *pattern, 0, 0) };
                self.named(row, name)
            }
            Condition::Address { field, list, negated } => {
                let range = append(&mut self.addresses, list.iter().copied());
                let (start, len) = (range.start.get(), range.len.get() as i16);
                let row = row(condition::ADDRESS, *field as u8, 0, start, len);
                ConditionRow { flags: flags(*negated), ..row }
            }
            Condition::Compiled(function) => row(condition::COMPILED, *function, 0, 0, 0),
            Condition::Size(size) => row(condition::SIZE, 0, *size, 0, 0),
            Condition::Time { from, to, not } => row(condition::TIME, u8::from(*not), *from, 0, *to as i16),
            Condition::Weekdays(days) => row(condition::WEEKDAY, *days, 0, 0, 0),
            Condition::Differs => row(condition::DIFFERS, 0, 0, 0, 0),
            Condition::FirstTime => row(condition::FIRST_TIME, 0, 0, 0, 0),
            Condition::List { list, lookup, subject, name, pattern } => {
                let name = if name.is_empty() { 0 } else { self.name(name) };
                let row = row(condition::LIST, *lookup, *list, (*pattern).into(), (*subject).into());
                ConditionRow { d: U16::new(name), ..row }
            }
        }
    }

    fn named(&mut self, row: ConditionRow, text: &[u8]) -> ConditionRow {
        let text = self.text.add(text);
        ConditionRow { b: text.offset, c: I16::new(text.len.get() as i16), ..row }
    }
}
