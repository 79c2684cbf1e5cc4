//! Any web server: the alert as JSON, or a body of the user's.

use super::http::{Call, Server};
use super::template::{Escape, Template};
use super::{Unusable, entries, key, layout::Layout, server, url};
use crate::config::{Integration, Kind, Request, Secret};
use crate::outbox::{Content, Destination, Failure, Parcel};
use ureq::http::Method;

/// What a workflow of Shuffle finds where Wazuh 4.14 told it.
const SHUFFLE: &str = concat!(
    r#"{"severity":{{severity.number}},"pretext":"Bartizan alert","title":{{rule.description}},"#,
    r#""text":{{full_log}},"rule_id":"{{rule.id}}","timestamp":{{time.iso}},"id":{{id}},"all_fields":{{wazuh}}}"#,
);

/// A web server that takes one alert at a time.
#[derive(Debug)]
pub(super) struct Webhook {
    server: Server,
    request: Request,
    layout: Layout,
}

impl Webhook {
    pub(super) fn new(integration: &Integration) -> Result<Self, Unusable> {
        let mut request = integration.request.clone();
        if integration.kind == Kind::Shuffle {
            request.body = Some(Template::parse(SHUFFLE, Escape::Json).map_err(|mistake| mistake.message)?);
        }
        let has_authorization = request.headers.iter().any(|(name, _)| name == "authorization");
        if integration.api_key.is_some() && !has_authorization {
            let bearer = Secret::new(format!("Bearer {}", key(integration)));
            request.headers.push(("authorization".to_owned(), bearer));
        }
        let server = server(integration, url(integration, ""))?;
        Ok(Self { server, request, layout: integration.layout.unwrap_or_default() })
    }
}

impl Destination for Webhook {
    fn parcel_max(&self) -> usize {
        1
    }

    fn render(&self, id: &str, content: &Content) -> Vec<u8> {
        let entry = entries::one(content);
        match &self.request.body {
            Some(template) => template.render(&entry.alert(), id).into_bytes(),
            None => self.layout.write(&entry.alert()).into_bytes(),
        }
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let Request { method, content_type, headers, .. } = &self.request;
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
        let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST);
        let call = Call { method, content_type, headers: &headers, body: &parcel.payload };
        self.server.send(&parcel.id, &call).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::tests::{entry, hostile};

    #[test]
    fn shuffle_finds_what_wazuh_told_it() {
        let template = Template::parse(SHUFFLE, Escape::Json).expect("a template");
        for (name, entry) in hostile() {
            let text = template.render(&entry.alert(), "p");
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{name}: {text}");
        }
        let value: serde_json::Value =
            serde_json::from_str(&template.render(&entry().alert(), "p")).expect("JSON");
        assert_eq!((&value["severity"], &value["rule_id"]), (&3.into(), &"5712".into()));
        assert_eq!(value["all_fields"]["data"]["srcip"], "192.0.2.7");
    }
}
