//! The words for a [`super::Problem`].
