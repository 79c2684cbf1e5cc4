//! The one protocol that is spoken, `Noise_IK_25519_ChaChaPoly_BLAKE2s`, so
//! that no other one is part of the program.

use bartizan_core::wire::NOISE;
use curve25519_dalek::constants::X25519_BASEPOINT;
use curve25519_dalek::montgomery::MontgomeryPoint;
use snow::Builder;
use snow::params::{
    BaseChoice, CipherChoice, DHChoice, HandshakeChoice, HandshakeModifierList, HandshakePattern, HashChoice,
    NoiseParams,
};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};

/// What a handshake is built from.
pub fn builder<'k>() -> Builder<'k> {
    let pattern = HandshakeChoice {
        pattern: HandshakePattern::IK,
        modifiers: HandshakeModifierList { list: Vec::new() },
    };
    let (dh, cipher, hash) = (DHChoice::Curve25519, CipherChoice::ChaChaPoly, HashChoice::Blake2s);
    let params = NoiseParams::new(NOISE.to_owned(), BaseChoice::Noise, pattern, dh, cipher, hash);
    Builder::with_resolver(params, Box::new(OneProtocol))
}

/// The algorithms of [`NOISE`], whichever are asked for.
struct OneProtocol;

impl CryptoResolver for OneProtocol {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        DefaultResolver.resolve_rng()
    }

    fn resolve_dh(&self, _: &DHChoice) -> Option<Box<dyn Dh>> {
        Some(Box::<Curve25519>::default())
    }

    fn resolve_hash(&self, _: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(&HashChoice::Blake2s)
    }

    fn resolve_cipher(&self, _: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(&CipherChoice::ChaChaPoly)
    }
}

/// Curve25519, public keys by the same ladder as shared secrets: the way of
/// snow's own is faster and 2 KB larger.
#[derive(Default)]
struct Curve25519 {
    private: [u8; 32],
    public: [u8; 32],
}

impl Dh for Curve25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        self.public.len()
    }

    fn priv_len(&self) -> usize {
        self.private.len()
    }

    fn set(&mut self, private: &[u8]) {
        self.private.copy_from_slice(private);
        self.public = X25519_BASEPOINT.mul_clamped(self.private).to_bytes();
    }

    fn generate(&mut self, random: &mut dyn Random) -> Result<(), snow::Error> {
        let mut private = [0; 32];
        random.try_fill_bytes(&mut private)?;
        self.set(&private);
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.public
    }

    fn privkey(&self) -> &[u8] {
        &self.private
    }

    fn dh(&self, public: &[u8], out: &mut [u8]) -> Result<(), snow::Error> {
        let public = public.first_chunk().ok_or(snow::Error::Dh)?;
        let shared = MontgomeryPoint(*public).mul_clamped(self.private).to_bytes();
        out.first_chunk_mut().map(|out| *out = shared).ok_or(snow::Error::Dh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_library_s_own_curve() {
        let mut theirs = DefaultResolver.resolve_dh(&DHChoice::Curve25519).expect("there is one");
        let mut ours = Curve25519::default();
        ours.generate(&mut *DefaultResolver.resolve_rng().expect("there is one")).expect("random");
        theirs.set(ours.privkey());
        assert_eq!(ours.pubkey(), theirs.pubkey());
        for private in [[7; 32], [0; 32], [255; 32]] {
            ours.set(&private);
            theirs.set(&private);
            let (mut our_secret, mut their_secret) = ([0; 32], [0; 32]);
            ours.dh(theirs.pubkey(), &mut our_secret).expect("as long as it must be");
            theirs.dh(ours.pubkey(), &mut their_secret).expect("as long as it must be");
            assert_eq!((ours.pubkey(), our_secret), (theirs.pubkey(), their_secret));
        }
        assert!(ours.dh(&[0; 31], &mut [0; 32]).is_err());
    }
}
