//! One `<active-response>`.
